import { expect, it } from '@jest/globals'
import { findEventCycles } from './index.ts'

const subscriber = (name: string, on: string, ...emits: readonly string[]) => ({ name, on, emits })

it.each<[string, Parameters<typeof findEventCycles>[0], readonly string[]]>([
  ['none', [subscriber('a', 'x.a', 'x.b'), subscriber('b', 'x.b', 'x.c'), subscriber('c', 'x.b')], []],
  ['one of itself', [subscriber('a', 'x.a', 'x.a')], ['x.a -> a -> x.a']],
  [
    'one over others',
    [subscriber('c', 'x.c', 'x.a'), subscriber('a', 'x.a', 'x.b', 'x.d'), subscriber('b', 'x.b', 'x.c')],
    ['x.c -> c -> x.a -> a -> x.b -> b -> x.c'],
  ],
  [
    'two, with a part in common',
    [subscriber('a', 'x.a', 'x.b', 'x.c'), subscriber('b', 'x.b', 'x.a'), subscriber('c', 'x.c', 'x.a')],
    ['x.a -> a -> x.b -> b -> x.a', 'x.a -> a -> x.c -> c -> x.a'],
  ],
  [
    'many paths and no cycle',
    Array.from({ length: 40 }, (_, i) => subscriber(`s${i}`, `x.${i >> 1}`, `x.${(i >> 1) + 1}`)),
    [],
  ],
])('events that lead back to themselves: %s', (_, subscriptions, cycles) => {
  expect(findEventCycles(subscriptions)).toEqual(cycles)
})
