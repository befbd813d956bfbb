import fc, { type Arbitrary } from 'fast-check'
import * as z from 'zod'
import type { Kind } from './kind.ts'
import { text, textKinds } from './text-kinds.ts'

const FAR = [
  0,
  1,
  -1,
  0.5,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 32,
  2 ** 53 - 1,
  2 ** 53,
  -(2 ** 53),
  1e21,
  1e300,
  3.5e38,
  5e-324,
]
// JSON has no minus zero: JSON.stringify writes 0.
const numbers = fc.oneof(
  fc.constantFrom(...FAR),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
)
const of = (schema: z.ZodType, ...edges: readonly number[]): Kind => ({
  schema,
  values: edges.length > 0 ? fc.oneof(fc.constantFrom(...edges), numbers) : numbers,
})

const bounded = fc.tuple(fc.integer({ min: -3, max: 3 }), fc.nat(3)).chain(([min, more]) => {
  const max = min + more
  const edges = [min - 1, min - 0.5, min, min + 0.5, max, max + 0.5, max + 1].map((n) => n + 0)
  return fc.constantFrom(
    of(z.number().min(min).max(max), ...edges),
    of(
      z
        .number()
        .gt(min)
        .lt(max + 1),
      ...edges,
    ),
    of(z.int().min(min).max(max), ...edges),
    of(
      z
        .number()
        .min(min)
        .gt(min - 1)
        .max(max),
      ...edges,
    ),
  )
})

const NUMBERS: readonly Kind[] = [
  ...[z.number(), z.int(), z.int32(), z.uint32(), z.float32(), z.float64()].map((schema) => of(schema)),
  ...[z.number().positive(), z.number().negative(), z.number().nonnegative(), z.number().nonpositive()].map((schema) =>
    of(schema),
  ),
  of(z.number().int()),
  of(z.int().multipleOf(3), 3, 4, -6, 2 ** 53 - 1),
  of(z.int().multipleOf(2).min(2), 0, 1, 2, 3, 4),
  {
    ...of(
      z.number().refine((n) => n < 5),
      4,
      5,
    ),
    isLoose: true,
  },
]

/** A number, and never a text that says one. */
export const numberKinds: Arbitrary<Kind> = fc.oneof(bounded, fc.constantFrom(...NUMBERS))

const Direction = { Up: 1, Down: 2 } as const

const fixed = (schema: z.ZodType, ...values: readonly unknown[]): Kind => ({
  schema,
  values: fc.oneof(fc.constantFrom(...values), text, numbers),
})

/** Kinds of which one text stands for any value. */
export const scalarKinds: Arbitrary<Kind> = fc.oneof(
  textKinds,
  numberKinds,
  fc.constantFrom(
    fixed(z.boolean(), true, false, 0, 'true'),
    fixed(z.enum(['a', 'b c', '']), 'a', 'b c', '', 'B'),
    fixed(z.enum(Direction), 1, 2, 3, 'Up'),
    fixed(z.literal('a'), 'a', 'b'),
    fixed(z.literal([1, 2, 'x', true]), 1, 2, 'x', true, false),
  ),
)
