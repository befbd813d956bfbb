import * as z from 'zod'
import type { Random } from '../../src/deploy/sample/random.ts'

/** Two schemas, and the values that prove what one takes and the other does not. */
export interface Pair {
  readonly name: string
  readonly wide: z.ZodType
  readonly narrow: z.ZodType
  /** `wide` takes it, and `narrow` does not. */
  readonly lost: unknown
  /** `narrow` takes it, and `wide` does not: neither has all that the other has. */
  readonly gained?: unknown
  /** Where a text can carry its values: nowhere, everywhere, or only where a name may come several times. */
  readonly text: 'none' | 'one' | 'list'
  /** Two patterns differ: which of them takes more is decided by nobody, and so it counts as broken both ways. */
  readonly isUndecided?: true
  /** Readers look for what `narrow` has not, as for a field that is gone. */
  readonly isMissed?: true
}

const word = (length: number) => 'x'.repeat(length)
const of = (name: string, text: Pair['text'], [wide, narrow]: [z.ZodType, z.ZodType], lost: unknown): Pair => ({
  ...{ name, text, wide, narrow, lost },
})

/** Pairs of all kinds, with limits of their own for each `random`. */
export function pairs(random: Random): readonly Pair[] {
  const low = random.integer(2, 9)
  const high = low + random.integer(2, 9)
  return [...texts(low, high), ...numbers(low, high), ...choices(random), ...lists(low, high), ...others(low, high)]
}

const texts = (low: number, high: number): readonly Pair[] => [
  of('maxLength', 'one', [z.string().max(high), z.string().max(low)], word(high)),
  of('a first maxLength', 'one', [z.string(), z.string().max(low)], word(high)),
  of('minLength', 'one', [z.string().min(low), z.string().min(high)], word(low)),
  of('a first minLength', 'one', [z.string(), z.string().min(high)], word(low)),
  of('a first pattern', 'one', [z.string(), z.string().regex(/^[a-z]+$/)], '9'),
  {
    ...of('pattern', 'one', [z.string().regex(/^[a-z0-9]+$/), z.string().regex(/^[a-z]+$/)], '9'),
    isUndecided: true,
  },
  of('format email', 'one', [z.string(), z.email()], 'x'),
  of('format uuid', 'one', [z.string(), z.uuid()], 'x'),
  of('format date', 'one', [z.string(), z.iso.date()], 'x'),
  of('format date-time', 'one', [z.string(), z.iso.datetime()], 'x'),
  of('format uri', 'one', [z.string(), z.url()], 'x'),
]

const numbers = (low: number, high: number): readonly Pair[] => [
  of('maximum', 'one', [z.number().max(high), z.number().max(low)], high),
  of('a first maximum', 'one', [z.number(), z.number().max(low)], high),
  of('minimum', 'one', [z.number().min(low), z.number().min(high)], low),
  of('a first minimum', 'one', [z.int(), z.int().min(high)], low),
  of('an excluded maximum', 'one', [z.number().max(high), z.number().lt(high)], high),
  of('an excluded minimum', 'one', [z.number().min(low), z.number().gt(low)], low),
  of('whole numbers', 'one', [z.number(), z.int()], low + 0.5),
  of('whole numbers of 32 bits', 'one', [z.int(), z.int32()], 2 ** 40),
  of('a first multipleOf', 'one', [z.int(), z.int().multipleOf(high)], 1),
  of('multipleOf', 'one', [z.int().multipleOf(low), z.int().multipleOf(low * high)], low),
  of('multipleOf of fractions', 'one', [z.number().multipleOf(0.1), z.number().multipleOf(0.3)], 0.1),
]

function choices(random: Random): readonly Pair[] {
  const all = ['red', 'green', 'blue', 'black'] as const
  const [one, ...rest] = random.pick([all, ['low', 'mid', 'top']])
  const first = one ?? 'red'
  const [second = 'green'] = rest
  return [
    of('a value of an enum', 'one', [z.enum([first, ...rest]), z.enum(rest)], first),
    of('an enum of a text', 'one', [z.string(), z.enum([first, second])], 'other'),
    of('one value of an enum', 'one', [z.enum([first, second]), z.literal(first)], second),
    of('a listed number', 'one', [z.literal([1, 2, 3]), z.literal([1, 2])], 3),
    of('true only', 'one', [z.boolean(), z.literal(true)], false),
    of('null', 'none', [z.string().nullable(), z.string()], null),
    of('null of an enum', 'none', [z.enum([first, second]).nullable(), z.enum([first, second])], null),
    of('an option of a union', 'none', [z.union([z.string(), z.number()]), z.string()], 7),
    of('a variant', 'none', [z.discriminatedUnion('kind', [DOT, LINE]), z.discriminatedUnion('kind', [DOT])], LINED),
    of('any value', 'none', [z.unknown(), z.string()], 7),
    { ...of('string to number', 'none', [z.string(), z.number()], 'x'), gained: 7 },
    { ...of('string to boolean', 'none', [z.string(), z.boolean()], 'x'), gained: true },
    { ...of('string to an object', 'none', [z.string(), DOT], 'x'), gained: { kind: 'dot', x: 1 } },
    { ...of('string to a list', 'none', [z.string(), z.array(z.string())], 'x'), gained: ['x'] },
    { ...of('an enum to another', 'one', [z.enum(['on', 'off']), z.enum(['yes', 'no'])], 'on'), gained: 'yes' },
    { ...of('a value renamed', 'one', [z.enum(['on', 'off']), z.enum(['on', 'out'])], 'off'), gained: 'out' },
    { ...of('limits moved', 'one', [z.int().min(1).max(9), z.int().min(5).max(20)], 1), gained: 20 },
  ]
}

const DOT = z.object({ kind: z.literal('dot'), x: z.number() })
const LINE = z.object({ kind: z.literal('line'), to: z.number() })
const LINED = { kind: 'line', to: 1 }

const lists = (low: number, high: number): readonly Pair[] => [
  of('maxItems', 'list', [z.array(z.string()).max(high), z.array(z.string()).max(low)], filled(high)),
  of('a first maxItems', 'list', [z.array(z.string()), z.array(z.string()).max(low)], filled(high)),
  of('minItems', 'list', [z.array(z.string()).min(low), z.array(z.string()).min(high)], filled(low)),
  of('a first minItems', 'list', [z.array(z.string()), z.array(z.string()).min(high)], filled(low)),
  of('narrower items', 'list', [z.array(z.string()), z.array(z.string().max(low))], [word(high)]),
  of('fewer choices of items', 'list', [z.array(z.enum(['a', 'b'])), z.array(z.enum(['a']))], ['b']),
  of('a place of a tuple', 'none', [z.tuple([z.string(), z.number()]), z.tuple([z.string(), z.int()])], ['x', 0.5]),
  of('a tuple of a list', 'none', [z.array(z.string()), z.tuple([z.string(), z.string()])], ['x']),
  {
    ...of('a longer tuple', 'none', [z.tuple([z.string()]), z.tuple([z.string(), z.string()])], ['x']),
    gained: ['x', 'x'],
  },
]

const filled = (length: number) => Array.from({ length }, () => 'x')

const others = (low: number, high: number): readonly Pair[] => [
  of('values of a record', 'none', [z.record(z.string(), z.string()), z.record(z.string(), z.string().max(low))], {
    a: word(high),
  }),
  of('names of a record', 'none', [z.record(z.string(), z.int()), z.record(z.string().regex(/^[a-z]+$/), z.int())], {
    '9': 1,
  }),
  of(
    'listed names of a record',
    'none',
    [z.record(z.string(), z.int()), z.partialRecord(z.enum(['a', 'b']), z.int())],
    { c: 1 },
  ),
  {
    ...of(
      'a listed name of a record',
      'none',
      [z.partialRecord(z.enum(['a', 'b']), z.int()), z.partialRecord(z.enum(['a']), z.int())],
      { b: 1 },
    ),
    isMissed: true,
  },
  {
    ...of(
      'an object to a record of shorter names',
      'none',
      [z.strictObject({ colours: z.int() }), z.record(z.string().max(3), z.int())],
      { colours: 1 },
    ),
    gained: { a: 1 },
  },
  of('inside what contains itself', 'none', [tree(z.string()), tree(z.string().max(low))], { name: word(high) }),
]

interface Tree {
  readonly name: string
  readonly children?: readonly Tree[] | undefined
}
function tree(name: z.ZodType<string>): z.ZodType<Tree> {
  const Tree: z.ZodType<Tree> = z.lazy(() => z.object({ name, children: z.array(Tree).optional() }))
  return Tree
}
