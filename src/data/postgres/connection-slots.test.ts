import { expect, it } from '@jest/globals'
import { createConnectionSlots } from './connection-slots.ts'

const CROWDED = 'All connections to the database are in use just now.'
const options = (parts: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {}) => ({
  ...{ signal: new AbortController().signal, timeoutMs: 60_000, ...parts },
})

it('as many enter at once as there are places, and the others in turn', async () => {
  const places = createConnectionSlots(2)
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

/** Two places that are taken, in turn, for so long that each hand-over takes about half a second. */
async function busyPlaces() {
  let ms = 0
  const places = createConnectionSlots(2, { now: () => ms })
  const pass = (byMs: number) => {
    ms += byMs
  }
  for (let i = 0; i < 2; i++) places.enter(options())
  for (let i = 0; i < 100; i++) {
    const next = places.enter(options())
    places.leave(1_000)
    await next
  }
  return { places, pass }
}

it('in a queue that stands, whose wait would be longer than half of its time is refused at once, by the pace', async () => {
  const { places, pass } = await busyPlaces()
  const enter = () => places.enter(options({ timeoutMs: 4_200 }))
  const waits = [enter()]
  pass(4_200)
  waits.push(enter(), enter(), enter())
  expect(enter).toThrow(CROWDED)
  for (const wait of waits) {
    places.leave(1_000)
    await wait
  }
})

it('in a burst, nobody is refused for the pace, and neither in the next', async () => {
  const { places, pass } = await busyPlaces()
  for (let burst = 0; burst < 2; burst++) {
    const waits = Array.from({ length: 50 }, () => places.enter(options({ timeoutMs: 4_200 })))
    for (const wait of waits) {
      pass(50)
      places.leave(1_000)
      await wait
    }
    pass(60_000)
  }
})

it('a wait ends with its limit and with its signal, and takes no place', async () => {
  const places = createConnectionSlots(1)
  places.enter(options())
  await expect(places.enter(options({ timeoutMs: 1 }))).rejects.toThrow(CROWDED)
  const controller = new AbortController()
  const aborted = places.enter(options({ signal: controller.signal }))
  controller.abort(new Error('hung up'))
  await expect(aborted).rejects.toThrow('hung up')
  places.leave(1)
  expect(places.enter(options())).toBe(undefined)
})
