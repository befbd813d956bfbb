import fc, { type Arbitrary } from 'fast-check'
import * as z from 'zod'
import { flagsOf, type Kind } from './kind.ts'
import { scalarKinds } from './scalar-kinds.ts'

const stringbool: Kind = {
  schema: z.stringbool(),
  values: fc.constantFrom('true', 'no', 'maybe', true, 1),
  ...{ isLoose: true, isChanged: true, isConverted: true },
}

const one: Arbitrary<Kind> = fc.oneof(
  { weight: 6, arbitrary: scalarKinds },
  { weight: 1, arbitrary: fc.constant(stringbool) },
  {
    weight: 2,
    arbitrary: fc.tuple(scalarKinds, scalarKinds).map(([a, b]) => ({
      ...{ schema: z.union([a.schema, b.schema]), values: fc.oneof(a.values, b.values), ...flagsOf([a, b]) },
    })),
  },
)

/** What no path may have, however it is written. */
const NO_SEGMENT = /^\.{0,2}$|[/\\\p{Cc}]/u

/** What a path may have in one segment. */
export const segmentKinds: Arbitrary<Kind> = one.map((kind) => ({
  ...kind,
  values: kind.values.map(String).filter((text) => !NO_SEGMENT.test(text)),
}))

const ABSENT = fc.constant(undefined)

/** What a query may have: one, none, or a list. */
export const queryKinds = fc.tuple(one, fc.nat(8)).map(carried)

/** What a header may have. A list for one that is none is one text, with commas. */
export const headerKinds = fc
  .tuple(one, fc.nat(7))
  .map(carried)
  .map((kind) => ({ ...kind, values: kind.values.filter(isHeader) }))

/** What fetch would trim or refuse is no text of a header. */
const isHeader = (value: unknown): boolean =>
  Array.isArray(value)
    ? value.every(isHeader)
    : /^([!-~\x80-\xff]([ -~\x80-\xff]*[!-~\x80-\xff])?)?$/.test(String(value))

function carried([kind, n]: readonly [Kind, number]): Kind {
  const { schema, values } = kind
  const usual = z.union([schema, z.literal('usual')])
  const maybe = fc.oneof({ weight: 4, arbitrary: values }, { weight: 1, arbitrary: ABSENT })
  const list = fc.oneof({ weight: 5, arbitrary: fc.array(values, { minLength: 1, maxLength: 3 }) }, values, ABSENT)
  const ways: readonly Kind[] = [
    { ...kind, values: maybe },
    { ...kind, values: maybe, schema: schema.optional() },
    { ...kind, values: maybe, schema: usual.default('usual'), isChanged: true },
    { ...kind, values: maybe, schema: usual.prefault('usual'), isChanged: true },
    { ...kind, values: maybe, schema: usual.catch('usual'), isChanged: true, isCaught: true },
    { ...kind, values: list, schema: z.array(schema).max(2) },
    { ...kind, values: list, schema: z.array(schema).min(2).optional() },
    { ...kind, values: list, schema: z.array(schema).default([]), isChanged: true },
  ]
  return ways[n] ?? { ...kind, values: list }
}
