import { arrayType } from './array-type.ts'
import { json, jsonb } from './json-type.ts'
import { float4, float8, int2, int4, int8, numeric, oid } from './number-types.ts'
import { bool, bytea, nothing, record } from './plain-types.ts'
import { date, interval, time, timestamp, timestamptz } from './time-types.ts'
import { textType, type ValueType } from './value-type.ts'

/** The types that a team uses every day, by their numbers in pg_type, so that nobody has to ask for them. */
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
      [2278, 0, nothing],
      [2950, 2951, textType('uuid')],
      [3802, 3807, jsonb],
    ] as const
  ).flatMap(([scalar, array, type]) => [
    [scalar, type],
    [array, arrayType(type)],
  ]),
)
