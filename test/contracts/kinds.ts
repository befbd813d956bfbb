import fc, { type Arbitrary } from 'fast-check'
import * as z from 'zod'
import { flagsOf, type Kind } from './kind.ts'
import { scalarKinds } from './scalar-kinds.ts'
import { text } from './text-kinds.ts'

/** Any JSON that a body may be, as far as it is one text to all readers. */
const anything = fc
  .jsonValue({ maxDepth: 2 })
  .map((value) => JSON.parse(JSON.stringify(value).replaceAll('\\u0000', '').replaceAll('__proto__', 'proto')))
  .filter((value) => JSON.stringify(value).isWellFormed() && !/\\ud[89a-f]/i.test(JSON.stringify(value)))

const converted = { isLoose: true, isChanged: true, isConverted: true }

const OTHERS: readonly Kind[] = [
  { schema: z.null(), values: fc.constantFrom(null, 0, '', false) },
  { schema: z.unknown(), values: anything },
  { schema: z.any(), values: anything },
  { schema: z.json(), values: anything },
  { schema: z.literal([null, 1]), values: fc.constantFrom(null, 1, 0) },
  { schema: z.stringbool(), values: fc.constantFrom('true', 'no', 'maybe', true), ...converted },
  {
    schema: z
      .codec(z.iso.datetime(), z.date(), {
        decode: (at) => new Date(at),
        encode: (at) => at.toISOString(),
      })
      .pipe(z.date().transform((at) => at.getTime()))
      .pipe(z.int()),
    values: fc.constantFrom('2026-01-02T03:04:05Z', '0000-01-01T00:00:00Z', 'no time', 5),
    ...converted,
  },
  {
    schema: z
      .string()
      .transform((given) => given.length)
      .pipe(z.int().max(2)),
    ...{ values: text, ...converted },
  },
]

/** One of these kinds of what it wraps, with the values of that, and with its own. */
const wrapped = (inner: Arbitrary<Kind>): Arbitrary<Kind> =>
  fc.tuple(inner, fc.nat(3)).map(([kind, n]) => {
    const { schema, values } = kind
    const more = fc.oneof(values, fc.constantFrom(null, 'fallback'))
    const ways: readonly (() => Kind)[] = [
      () => ({ ...kind, schema: schema.nullable(), values: more }),
      () => ({ ...kind, schema: schema.readonly() }),
      () => ({ ...kind, schema: z.lazy(() => schema) }),
      () => ({ ...kind, schema: schema.optional().nonoptional() }),
    ]
    return ways[n]?.() ?? kind
  })

const NAMES = ['a', 'b', 'c'] as const

/** How an object may have a property. */
const properties = (inner: Arbitrary<Kind>) =>
  fc.tuple(inner, fc.nat(6)).map(([kind, n]): Kind => {
    const { schema } = kind
    const usual = z.union([schema, z.literal('usual')])
    const ways = [
      ...[schema, schema.optional(), schema.nullish(), schema.optional().describe('Maybe.')],
      ...[usual.default('usual'), usual.prefault('usual'), usual.catch('usual')],
    ]
    const flags = { isChanged: kind.isChanged || n > 3, isCaught: kind.isCaught || n > 5 }
    return { ...kind, schema: ways[n] ?? schema, ...flags }
  })

const some = <Value>(values: readonly (Value | undefined)[]) => values.filter((value) => value !== undefined)
const objects = (inner: Arbitrary<Kind>): Arbitrary<Kind> =>
  fc
    .tuple(properties(inner), properties(inner), fc.option(properties(inner), { nil: undefined }), fc.nat(2))
    .map((given) => {
      const [a, b, c, n] = given
      const kinds = some([a, b, c])
      const shape = Object.fromEntries(kinds.map(({ schema }, i) => [NAMES[i], schema]))
      const object = n === 1 ? z.strictObject(shape) : z.object(shape)
      const parts: Record<string, Arbitrary<unknown>> = {
        ...Object.fromEntries(kinds.map(({ values }, i) => [NAMES[i], values])),
        extra: fc.constant(1),
      }
      const values = fc.oneof(
        { weight: 6, arbitrary: fc.record(Object.fromEntries(Object.entries(parts).slice(0, -1))) },
        { weight: 3, arbitrary: fc.record(parts, { requiredKeys: [] }) },
        { weight: 1, arbitrary: anything },
      )
      return { schema: object, values, ...flagsOf(kinds) }
    })

const lists = (inner: Arbitrary<Kind>): Arbitrary<Kind> =>
  fc.tuple(inner, inner, fc.nat(2), fc.nat(2), fc.nat(4)).map(([kind, other, min, more, n]) => {
    const [{ schema, values }, max] = [kind, min + more]
    const list = fc.array(values, { maxLength: max + 1 })
    const pair = fc.oneof(fc.tuple(values, other.values), fc.tuple(values), fc.tuple(values, other.values, values))
    const ways: readonly Kind[] = [
      { ...kind, schema: z.array(schema).min(min).max(max), values: list },
      { ...kind, schema: z.array(schema), values: list },
      { ...flagsOf([kind, other]), schema: z.tuple([schema, other.schema]), values: pair },
      { ...flagsOf([kind, other]), schema: z.tuple([schema, other.schema], schema), values: pair },
      { ...flagsOf([kind, other]), schema: z.tuple([schema, other.schema.optional()]), values: pair },
    ]
    const way = ways[n] ?? kind
    return { ...way, values: fc.oneof({ weight: 9, arbitrary: way.values }, { weight: 1, arbitrary: anything }) }
  })

const records = (inner: Arbitrary<Kind>): Arbitrary<Kind> =>
  fc.tuple(inner, fc.nat(4)).map(([kind, n]) => {
    const keys = [
      z.string(),
      z.string().regex(/^[a-b]$/),
      z.enum(['a', 'b']),
      z.string().min(1).max(1),
      z.literal(['a']),
    ]
    const key = keys[n] ?? z.string()
    const schema = n === 2 ? z.partialRecord(z.enum(['a', 'b']), kind.schema) : z.record(key, kind.schema)
    const names = fc.oneof(fc.constantFrom('a', 'b', 'c', '\u{1f600}', ''), text)
    return { ...kind, schema, values: fc.dictionary(names, kind.values, { maxKeys: 3 }) }
  })

const unions = (inner: Arbitrary<Kind>): Arbitrary<Kind> =>
  fc.tuple(inner, inner, fc.nat(2)).map(([a, b, n]) => {
    const values = fc.oneof(a.values, b.values)
    if (n < 2) return { schema: z.union([a.schema, b.schema]), values, ...flagsOf([a, b]) }
    const schema = z.discriminatedUnion('by', [
      z.object({ by: z.literal('a'), value: a.schema }),
      z.object({ by: z.literal('b'), value: b.schema.optional() }),
    ])
    const by = fc.constantFrom('a', 'b', 'c')
    return { schema, values: fc.record({ by, value: values }, { requiredKeys: ['by'] }), ...flagsOf([a, b]) }
  })

/** What contains itself: a tree of these. */
const trees = (inner: Arbitrary<Kind>): Arbitrary<Kind> =>
  inner.map((kind) => {
    const tree: z.ZodType = z.object({
      value: kind.schema,
      get more() {
        return z.array(tree).max(2).optional()
      },
    })
    const { node } = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.record(
        { value: kind.values, more: fc.array(tie('node'), { maxLength: 2 }) },
        { requiredKeys: ['value'] },
      ),
    }))
    return { ...kind, schema: tree, values: node }
  })

/** All kinds of zod that a contract may have, nested. */
export const kinds: Arbitrary<Kind> = fc.letrec<{ kind: Kind }>((tie) => {
  const inner = tie('kind')
  return {
    kind: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      { weight: 4, arbitrary: scalarKinds },
      { weight: 1, arbitrary: fc.constantFrom(...OTHERS) },
      { weight: 2, arbitrary: wrapped(inner) },
      { weight: 4, arbitrary: objects(inner) },
      { weight: 2, arbitrary: lists(inner) },
      { weight: 1, arbitrary: records(inner) },
      { weight: 2, arbitrary: unions(inner) },
      { weight: 1, arbitrary: trees(inner) },
    ),
  }
}).kind
