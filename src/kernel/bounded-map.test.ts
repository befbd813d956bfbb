import { expect, it } from '@jest/globals'
import { createBoundedMap, getOrCreate } from './bounded-map.ts'

it('drops the oldest entry beyond its size; setting an entry again makes it the newest', () => {
  const map = createBoundedMap<string, number>(2)
  for (const [key, value] of Object.entries({ a: 1, b: 2 })) map.set(key, value)
  map.set('a', 3)
  map.set('c', 4)
  expect([map.size, ...map]).toEqual([2, ['a', 3], ['c', 4]])
  expect([map.get('b'), map.has('b'), map.has('a')]).toEqual([undefined, false, true])
})

it('can be changed while it is iterated over', () => {
  const map = createBoundedMap<string, number>(2)
  map.set('a', 1)
  map.set('b', 2)
  for (const [key, value] of map) map.set(key, value + 1)
  expect([...map]).toEqual([
    ['a', 2],
    ['b', 3],
  ])
  map.delete('a')
  expect(map.size).toBe(1)
  map.clear()
  expect(map.size).toBe(0)
})

it('keeps an entry whose key is the empty string or undefined no longer than any other', () => {
  const map = createBoundedMap<string | undefined, number>(1)
  for (const key of ['', undefined, 'a']) map.set(key, 1)
  expect([...map]).toEqual([['a', 1]])
})

it('creates a value once', () => {
  const map = createBoundedMap<string, string | null>(2)
  const keys: string[] = []
  const create = (key: string) => {
    keys.push(key)
    return null
  }
  expect([getOrCreate(map, 'a', create), getOrCreate(map, 'a', create)]).toEqual([null, null])
  expect(keys).toEqual(['a'])
})
