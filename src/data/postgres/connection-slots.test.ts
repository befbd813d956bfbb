import { expect, it } from '@jest/globals'
import { createConnectionSlots } from './connection-slots.ts'

const EXHAUSTED = 'All connections to the database are in use; retry later.'
const options = (parts: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {}) => ({
  ...{ signal: new AbortController().signal, timeoutMs: 60_000, ...parts },
})

it('gives out as many slots as there are at once, and the others in order', async () => {
  const slots = createConnectionSlots(2)
  expect([slots.acquire(options()), slots.acquire(options())]).toEqual([undefined, undefined])
  const acquired: string[] = []
  const waiting = ['first', 'second'].map((name) => slots.acquire(options())?.then(() => acquired.push(name)))
  slots.release(1)
  await waiting[0]
  expect(acquired).toEqual(['first'])
  slots.release(1)
  await waiting[1]
  for (let i = 0; i < 2; i++) slots.release(1)
  expect(slots.acquire(options())).toBe(undefined)
})

/** Two slots that are held, one use after the other, for so long that each hand-over takes about half a second. */
async function busySlots() {
  let ms = 0
  const slots = createConnectionSlots(2, { now: () => ms })
  const pass = (byMs: number) => {
    ms += byMs
  }
  for (let i = 0; i < 2; i++) slots.acquire(options())
  for (let i = 0; i < 100; i++) {
    const next = slots.acquire(options())
    slots.release(1_000)
    await next
  }
  return { slots, pass }
}

it('in a queue that does not end, refuses a wait of more than half of the time at once, by the pace', async () => {
  const { slots, pass } = await busySlots()
  const acquire = () => slots.acquire(options({ timeoutMs: 4_200 }))
  const waits = [acquire()]
  pass(4_200)
  waits.push(acquire(), acquire(), acquire())
  expect(acquire).toThrow(EXHAUSTED)
  for (const wait of waits) {
    slots.release(1_000)
    await wait
  }
})

it('in a burst, refuses no request for the pace, and neither in the next', async () => {
  const { slots, pass } = await busySlots()
  for (let burst = 0; burst < 2; burst++) {
    const waits = Array.from({ length: 50 }, () => slots.acquire(options({ timeoutMs: 4_200 })))
    for (const wait of waits) {
      pass(50)
      slots.release(1_000)
      await wait
    }
    pass(60_000)
  }
})

it('ends a wait with its limit and with its signal, and takes no slot for it', async () => {
  const slots = createConnectionSlots(1)
  slots.acquire(options())
  await expect(slots.acquire(options({ timeoutMs: 1 }))).rejects.toThrow(EXHAUSTED)
  const controller = new AbortController()
  const aborted = slots.acquire(options({ signal: controller.signal }))
  controller.abort(new Error('hung up'))
  await expect(aborted).rejects.toThrow('hung up')
  slots.release(1)
  expect(slots.acquire(options())).toBe(undefined)
})

it('says that the database is not reachable while a connection is being opened: that one is in use by nobody', async () => {
  const slots = createConnectionSlots(2)
  for (let i = 0; i < 2; i++) slots.acquire(options())
  const { promise: connecting, resolve: connect } = Promise.withResolvers<string>()
  const opened = slots.open(connecting)
  await expect(slots.acquire(options({ timeoutMs: 1 }))).rejects.toThrow('The database is not reachable; retry later.')
  connect('a connection')
  expect(await opened).toBe('a connection')
  await expect(slots.acquire(options({ timeoutMs: 1 }))).rejects.toThrow(EXHAUSTED)
})
