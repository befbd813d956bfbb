import { expect, it } from '@jest/globals'
import * as z from 'zod'
import { toInput, toOutput } from './directions.ts'

let looked = 0
const Bad = z.number().refine(() => {
  looked++
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
])('%s with many faults costs what a few cost', (_what, schema, value) => {
  for (const direction of [toInput, toOutput]) {
    looked = 0
    expect(direction(schema).safeParse(value).success).toBe(false)
    expect(looked).toBeLessThanOrEqual(100)
  }
})

it('a fault has its path, and what is good comes out as it went in', () => {
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
  const faults = schema.safeParse(bad).error?.issues.map(({ path }) => path.join('.'))
  expect(faults?.sort()).toEqual(['list', 'list.1.1', 'map.four', 'map.one.0', 'pair.0', 'pair.2'])
})

it('a union takes its second option, however many faults the first one has', () => {
  const schema = toInput(z.union([z.array(z.string()), z.array(z.int())]))
  expect(schema.parse(numbers(200))).toEqual(numbers(200))
})
