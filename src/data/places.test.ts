import { expect, it } from '@jest/globals'
import { createPlaces } from './places.ts'

const CROWDED = 'All connections to the database are in use just now.'
const options = (parts: { readonly waitMs?: number; readonly signal?: AbortSignal } = {}) => ({
  ...{ signal: new AbortController().signal, waitMs: 60_000, ...parts },
})

it('as many enter at once as there are places, and the others in turn', async () => {
  const places = createPlaces(2)
  expect([places.enter(options()), places.enter(options())]).toEqual([undefined, undefined])
  const entered: string[] = []
  const waiting = ['first', 'second'].map((name) => places.enter(options())?.then(() => entered.push(name)))
  places.leave(1)
  await waiting[0]
  expect(entered).toEqual(['first'])
  places.leave(1)
  await waiting[1]
  for (let i = 0; i < 2; i++) places.leave(1)
  expect(places.enter(options())).toBe(undefined)
})

it('whose wait would be longer than it may be is refused at once, by the pace of those before', async () => {
  const places = createPlaces(2)
  for (let i = 0; i < 2; i++) places.enter(options())
  // So long that each hand-over takes about half a second.
  for (let i = 0; i < 100; i++) {
    const next = places.enter(options())
    places.leave(1_000)
    await next
  }
  const waits = Array.from({ length: 4 }, () => places.enter(options({ waitMs: 2_100 })))
  expect(() => places.enter(options({ waitMs: 2_100 }))).toThrow(CROWDED)
  for (const wait of waits) {
    places.leave(1_000)
    await wait
  }
})

it('a wait ends with its limit and with its signal, and takes no place', async () => {
  const places = createPlaces(1)
  places.enter(options())
  await expect(places.enter(options({ waitMs: 1 }))).rejects.toThrow(CROWDED)
  const controller = new AbortController()
  const aborted = places.enter(options({ signal: controller.signal }))
  controller.abort(new Error('hung up'))
  await expect(aborted).rejects.toThrow('hung up')
  places.leave(1)
  expect(places.enter(options())).toBe(undefined)
})
