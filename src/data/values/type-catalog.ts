import type pg from 'pg'
import { arrayType } from './array-type.ts'
import { builtInTypes } from './built-in-types.ts'
import { textType, type ValueType } from './value-type.ts'

/** The types of one database: those that every Postgres has, and a team's own as they are met. */
export function createTypeCatalog() {
  const types = new Map(builtInTypes)
  return {
    /** To be called with numbers that were loaded. */
    get: (oid: number): ValueType => types.get(oid) ?? textType('text'),
    /** Asks for those that are not known yet: one round trip, and none where all are. */
    load: async (client: pg.ClientBase, oids: readonly number[]): Promise<void> => {
      const unknown = oids.filter((oid) => !types.has(oid))
      if (unknown.length === 0) return
      const { rows } = await client.query<TypeRow>(TYPES, [unknown])
      for (const row of rows) if (!types.has(row.oid)) types.set(row.oid, typeOf(row, types))
      // A type that was dropped since.
      for (const oid of unknown) if (!types.has(oid)) types.set(oid, textType(`type ${oid}`))
    },
  }
}

export type TypeCatalog = ReturnType<typeof createTypeCatalog>

interface TypeRow {
  readonly oid: number
  readonly name: string
  /** What a domain is made of; else 0. */
  readonly base: number
  /** What an array is made of; else 0. */
  readonly element: number
  readonly delimiter: string
}

/** Whatever a type is made of comes before it. */
const TYPES = /* sql */ `
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

function typeOf({ name, base, element, delimiter }: TypeRow, types: ReadonlyMap<number, ValueType>): ValueType {
  const made = types.get(base || element)
  if (base && made) return { ...made, name }
  return element && made ? arrayType(made, delimiter) : textType(name)
}
