import type pg from 'pg'
import { json, jsonb } from './json.ts'
import { bool, bytea, float4, float8, int2, int4, int8, numeric, oid, record, voidType } from './scalar-types.ts'
import { date, interval, time, timestamp, timestamptz } from './times.ts'
import { arrayType, textType, type ValueType } from './value-type.ts'

/** The types of one database: those of every Postgres, and a team's own, which are looked up when first met. */
export function createTypeCatalog() {
  const types = new Map(builtInTypes)
  return {
    /** The type of an OID that has been loaded. */
    get: (oid: number): ValueType => types.get(oid) ?? textType('text'),
    /** Looks up the OIDs that are not known yet: one round trip, and none where all are known. */
    load: async (client: pg.ClientBase, oids: readonly number[]): Promise<void> => {
      const unknown = oids.filter((oid) => !types.has(oid))
      if (unknown.length === 0) return
      const { rows } = await client.query<TypeRow>(findTypesSql, [unknown])
      for (const row of rows) if (!types.has(row.oid)) types.set(row.oid, toValueType(row, types))
      // A type that was dropped in the meantime.
      for (const oid of unknown) if (!types.has(oid)) types.set(oid, textType(`type ${oid}`))
    },
  }
}

/** The types of one database, looked up by their ids. */
export type TypeCatalog = ReturnType<typeof createTypeCatalog>

interface TypeRow {
  readonly oid: number
  readonly name: string
  /** The OID of a domain's base type; else 0. */
  readonly base: number
  /** The OID of an array's element type; else 0. */
  readonly element: number
  readonly delimiter: string
}

/** Base and element types come before the types that are made of them. */
const findTypesSql = /* sql */ `
with recursive met (oid, depth) as (
  select unnest($1::oid[]), 0
  union all
  select made_of.oid, depth + 1
  from met join pg_catalog.pg_type using (oid), lateral (values (typbasetype), (typelem)) as made_of (oid)
  where made_of.oid <> 0
)
select oid, typname as name, typbasetype as base, case when typinput = 'array_in'::regproc then typelem else 0 end as element,
       coalesce((select typdelim from pg_catalog.pg_type as of_element where of_element.oid = pg_type.typelem), ',') as delimiter
from pg_catalog.pg_type join (select oid, max(depth) as depth from met group by oid) as each using (oid)
order by depth desc`

function toValueType({ name, base, element, delimiter }: TypeRow, types: ReadonlyMap<number, ValueType>): ValueType {
  const made = types.get(base || element)
  if (base && made) return { ...made, name }
  return element && made ? arrayType(made, delimiter) : textType(name)
}

/** The common types, by OID, so that no look-up is needed for them. */
export const builtInTypes: ReadonlyMap<number, ValueType> = new Map(
  (
    [
      [16, 1000, bool],
      [17, 1001, bytea],
      [19, 1003, textType('name')],
      [20, 1016, int8],
      [21, 1005, int2],
      [23, 1007, int4],
      [25, 1009, textType('text')],
      [26, 1028, oid],
      [114, 199, json],
      [650, 651, textType('cidr')],
      [700, 1021, float4],
      [701, 1022, float8],
      [829, 1040, textType('macaddr')],
      [869, 1041, textType('inet')],
      [1042, 1014, textType('bpchar')],
      [1043, 1015, textType('varchar')],
      [1082, 1182, date],
      [1083, 1183, time],
      [1114, 1115, timestamp],
      [1184, 1185, timestamptz],
      [1186, 1187, interval],
      [1266, 1270, textType('timetz')],
      [1700, 1231, numeric],
      [2249, 2287, record],
      [2278, 0, voidType],
      [2950, 2951, textType('uuid')],
      [3802, 3807, jsonb],
    ] as const
  ).flatMap(([scalar, array, type]) => [
    [scalar, type],
    [array, arrayType(type)],
  ]),
)
