import { expect, it } from '@jest/globals'
import { createLoader } from './loader.ts'

function testLoader(rows: readonly { readonly id: number; readonly name: string }[]) {
  const loaded: (readonly number[])[] = []
  const loader = createLoader(
    async (ids: readonly number[]) => {
      loaded.push(ids)
      return rows
    },
    ({ id }) => id,
  )
  return { loader, loaded }
}

it('looks up what is asked for at the same time at once, each key once, and gives each its own row', async () => {
  const { loader, loaded } = testLoader([
    { id: 2, name: 'two' },
    { id: 1, name: 'one' },
  ])
  const rows = await Promise.all([1, 2, 1, 3].map(loader.load))
  expect(rows.map((row) => row?.name)).toEqual(['one', 'two', 'one', undefined])
  expect(loaded).toEqual([[1, 2, 3]])
  expect((await loader.load(2))?.name).toBe('two')
  expect(loaded).toHaveLength(1)
})

it('asks for a thousand keys at a time', async () => {
  const { loader, loaded } = testLoader([])
  await Promise.all(Array.from({ length: 2_500 }, (_, id) => loader.load(id)))
  expect(loaded.map(({ length }) => length)).toEqual([1_000, 1_000, 500])
})
