import { expect, it } from '@jest/globals'
import { untilTrue } from '../../../test/support/until.ts'
import { createLocalLimiter, type LocalLimiter } from './local-limiter.ts'
import { createLocalSlots } from './local-slots.ts'
import { withFallback } from './open-rate-limiter.ts'
import type { SharedLimiter } from './redis-limiter.ts'
import type { SharedDecision } from './shared-decision.ts'

const LIMIT = { requests: 1, perSeconds: 1, burst: 1 }
const SHARED = { allowed: true, remaining: 7, waitSeconds: 1 }
const BY_SHARED: SharedDecision = { allowed: true, rates: [SHARED], slots: undefined }
const LOCAL = { allowed: true, remaining: 3, waitSeconds: 1 }

const ALWAYS: LocalLimiter = {
  take: () => [LOCAL],
  record: () => {},
  undo: () => {},
  takeUnreported: () => 0,
  restoreUnreported: () => {},
  markAllUnreported: () => {},
}

/** A limiter whose shared side answers when and what a test says, in an order that no Redis can be made to keep. */
async function setUp({ minOutageMs = 0, local = ALWAYS, shares = 1 } = {}) {
  const messages: string[] = []
  const state = {
    fallbacks: 0,
    undone: [] as string[],
    freed: [] as string[],
    ready: () => {},
    down: (_error: Error) => {},
    taken: [] as PromiseWithResolvers<SharedDecision>[],
    probe: (): Promise<string> => Promise.resolve('memory'),
  }
  const shared: SharedLimiter = {
    take: () => {
      const answer = Promise.withResolvers<SharedDecision>()
      state.taken.push(answer)
      return answer.promise
    },
    undo: (rates) => void state.undone.push(...rates.map(({ key }) => key)),
    free: ({ name }) => void state.freed.push(name),
    renew: () => {},
    lease: async () => ({ granted: 0, remaining: 0, fullInUs: 0 }),
    giveBack: () => {},
    probe: () => state.probe(),
    onUp: (listener) => void Object.assign(state, { ready: listener }),
    onDown: (listener) => void Object.assign(state, { down: listener }),
    firstAttempt: Promise.resolve(),
    close: () => state.down(new Error('closed')),
  }
  const log = { info: () => messages.push('up'), warn: () => messages.push('down') }
  const onFallback = () => void state.fallbacks++
  const limiter = withFallback(shared, { rates: local, slots: createLocalSlots({ shares }) }, {
    log,
    onFallback,
    minOutageMs,
    probeMs: 10,
  } as never)
  await limiter.started
  const takeAll = async (max?: number) =>
    limiter.take({ rates: [{ key: 'a', limit: LIMIT }], slots: max ? { key: 'a', max } : undefined })
  const take = async () => (await takeAll()).rates[0]
  return { ...{ messages, state, limiter, take, takeAll }, comeBack: async () => state.ready() }
}

it('what was sent before Redis went and came back says nothing about now', async () => {
  const { state, take, messages, comeBack, limiter } = await setUp()
  const [first, late] = [take(), take()]
  state.taken[0]!.reject(new Error('slow'))
  expect(await first).toBe(LOCAL)
  expect(await take()).toBe(LOCAL)
  await comeBack()
  expect(messages).toEqual(['up', 'down', 'up'])
  state.taken[1]!.reject(new Error('slow'))
  expect(await late).toBe(LOCAL)
  const next = take()
  state.taken[2]!.resolve(BY_SHARED)
  expect([await next, messages, state.fallbacks]).toEqual([SHARED, ['up', 'down', 'up'], 3])
  limiter.close()
})

it('what the shared limiter has allowed is used up here when it is lost: there is no second burst', async () => {
  const { state, take, limiter } = await setUp({ local: createLocalLimiter({ now: () => 0 }) })
  const first = take()
  state.taken[0]!.resolve(BY_SHARED)
  expect(await first).toBe(SHARED)
  state.down(new Error('down'))
  expect(await take()).toMatchObject({ allowed: false })
  limiter.close()
})

it('a hundred that fail at once are one line, and all are limited', async () => {
  const { state, take, messages, limiter } = await setUp()
  const all = Array.from({ length: 100 }, take)
  for (const { reject } of state.taken) reject(new Error('gone'))
  expect(new Set(await Promise.all(all))).toEqual(new Set([LOCAL]))
  expect([messages, state.fallbacks]).toEqual([['up', 'down'], 100])
  limiter.close()
})

it('one that is late is limited alone and not logged; an outage is logged once, and so is its end', async () => {
  const { state, take, messages, comeBack, limiter } = await setUp({ minOutageMs: 100 })
  const late = take()
  state.taken[0]!.reject(new Error('slow'))
  expect(await late).toBe(LOCAL)
  await comeBack()
  expect([messages, state.fallbacks]).toEqual([['up'], 1])
  state.probe = () => Promise.reject(new Error('down'))
  state.down(new Error('down'))
  expect(messages).toEqual(['up'])
  await untilTrue(() => messages.length > 1)
  expect([await take(), messages]).toEqual([LOCAL, ['up', 'down']])
  state.probe = async () => 'memory'
  await untilTrue(() => messages.length > 2)
  expect(messages).toEqual(['up', 'down', 'up'])
  limiter.close()
})

it('a gateway that stops does not report Redis as unavailable', async () => {
  const { messages, limiter } = await setUp()
  limiter.close()
  expect(messages).toEqual(['up'])
})

it('slots without Redis: a share of them, at least one; those that Redis has given out are not given out again', async () => {
  const { state, takeAll, limiter } = await setUp({ shares: 2 })
  const first = takeAll(4)
  state.taken[0]!.resolve({ ...BY_SHARED, slots: { allowed: true, remaining: 3 } })
  const held = await first
  state.down(new Error('down'))
  const second = await takeAll(4)
  expect([second.slots, (await takeAll(4)).slots]).toEqual([
    { allowed: true, remaining: 0 },
    { allowed: false, remaining: 0 },
  ])
  held.release()
  held.release()
  expect([(await takeAll(4)).allowed, (await takeAll(4)).allowed, state.freed]).toEqual([
    true,
    false,
    [expect.any(String)],
  ])
  second.undo()
  expect((await takeAll(1)).allowed).toBe(false)
  limiter.close()
})

it('what is taken back is taken back everywhere, and a slot whose answer is lost is freed', async () => {
  const { state, takeAll, limiter } = await setUp()
  const first = takeAll()
  state.taken[0]!.resolve(BY_SHARED)
  ;(await first).undo()
  expect(state.undone).toEqual(['a'])
  const late = takeAll(1)
  state.taken[1]!.reject(new Error('slow'))
  expect([(await late).allowed, state.freed]).toEqual([true, [expect.any(String)]])
  limiter.close()
})
