import { expect, it } from '@jest/globals'
import * as z from 'zod'
import { toInput } from './strict-schema.ts'
import { toOutput } from './strip-schema.ts'

let checked = 0
const Bad = z.number().refine(() => {
  checked++
  return false
}, 'Bad')

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i)
const named = (count: number) => Object.fromEntries(numbers(count).map((i) => [`k${i}`, i]))

it.each<[string, z.ZodType, unknown]>([
  ['an array', z.array(Bad), numbers(10_000)],
  ['arrays in an array', z.array(z.array(Bad)), numbers(50).map(() => numbers(1_000))],
  [
    'arrays four deep',
    z.array(z.array(z.array(z.array(Bad)))),
    numbers(9).map(() => numbers(9).map(() => numbers(9).map(() => numbers(9)))),
  ],
  ['the rest of a tuple', z.tuple([z.number()]).rest(Bad), numbers(10_000)],
  ['a record', z.record(z.string(), Bad), named(10_000)],
  [
    'records in a record',
    z.record(z.string(), z.record(z.string(), Bad)),
    Object.fromEntries(numbers(50).map((i) => [`k${i}`, named(1_000)])),
  ],
  ['an array with a limit of its own', z.array(Bad).min(1), numbers(10_000)],
  ['a union of arrays', z.union([z.array(Bad), z.array(z.string())]), numbers(10_000)],
])('%s with many issues costs what a few cost', (_what, schema, value) => {
  for (const direction of [toInput, toOutput]) {
    checked = 0
    expect(direction(schema).safeParse(value).success).toBe(false)
    expect(checked).toBeLessThanOrEqual(100)
  }
})

it('an issue has its path, and what is valid comes out as it went in', () => {
  const schema = toInput(
    z.object({
      list: z.array(z.array(z.string())).max(3),
      pair: z.tuple([z.string()]).rest(z.int()),
      map: z.record(z.string().max(3), z.array(z.boolean())),
    }),
  )
  const good = { list: [['a'], [], ['b', 'c']], pair: ['a', 1, 2], map: { one: [true], two: [] } }
  expect(schema.parse(good)).toEqual(good)
  expect(schema.parse({ list: [], pair: ['a'], map: {} })).toEqual({ list: [], pair: ['a'], map: {} })
  const bad = { list: [['a'], ['b', 7], [], []], pair: [1, 2, 'x'], map: { one: [1], four: [] } }
  const issues = schema.safeParse(bad).error?.issues.map(({ path }) => path.join('.'))
  expect(issues?.sort()).toEqual(['list', 'list.1.1', 'map.four', 'map.one.0', 'pair.0', 'pair.2'])
})

it('a union takes its second option, however many issues the first one has', () => {
  const schema = toInput(z.union([z.array(z.string()), z.array(z.int())]))
  expect(schema.parse(numbers(200))).toEqual(numbers(200))
})

interface Step {
  readonly op: string
  readonly next: Step | string
}
const Leaf = z.string().refine(() => {
  checked++
  return true
})
const And = z.object({ op: z.literal('and'), next: z.lazy(() => Steps) })
const Or = z.object({ op: z.literal('or'), next: z.lazy(() => Steps), more: z.string().optional() })
const Steps: z.ZodType<Step | string> = z.union([And, Or, Leaf])
const Fresh: z.ZodType = z.lazy(() =>
  z.union([z.object({ op: z.literal('and'), next: Fresh }), z.object({ op: z.literal('or'), next: Fresh }), Leaf]),
)

it.each([
  ['or', true],
  ['nor', false],
])('a union in itself parses what is 30 levels deep a few times, not 2^30 times: %s', (innermost, fits) => {
  let value: unknown = { op: innermost, next: 'leaf' }
  for (let i = 0; i < 30; i++) value = { op: 'or', next: value }
  for (const direction of [toInput, toOutput]) {
    for (const schema of [Steps, Fresh]) {
      checked = 0
      const { success, data } = direction(schema).safeParse(value)
      expect([success, data]).toEqual([fits, fits ? value : undefined])
      expect(checked).toBeLessThanOrEqual(100)
    }
  }
})

it('the issues of a union in itself keep their paths', () => {
  const schema = toInput(z.object({ first: Steps, second: z.array(Steps) }))
  const shared = { op: 'nor', next: 'leaf' }
  const issues = schema.safeParse({ first: shared, second: ['leaf', shared, { op: 'or', next: shared }] }).error?.issues
  expect(issues?.map(({ path }) => path.join('.'))).toEqual(['first', 'second.1', 'second.2'])
})
