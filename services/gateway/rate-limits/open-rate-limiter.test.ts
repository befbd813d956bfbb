import { expect, it } from '@jest/globals'
import type { RateLimitDecision } from 'ebb/http/gateway'
import { untilTrue } from '../../../test/support/until.ts'
import { createLocalLimiter, type LocalLimiter } from './local-limiter.ts'
import { withFallback } from './open-rate-limiter.ts'
import type { SharedLimiter } from './redis-limiter.ts'

const LIMIT = { requests: 1, perSeconds: 1, burst: 1 }
const SHARED = { allowed: true, remaining: 7, waitSeconds: 1 }
const LOCAL = { allowed: true, remaining: 3, waitSeconds: 1 }

const ALWAYS: LocalLimiter = {
  take: () => LOCAL,
  record: () => {},
  takeUnreported: () => 0,
  restoreUnreported: () => {},
  markAllUnreported: () => {},
}

/** A limiter whose shared side answers when and what a test says, in an order that no Redis can be made to keep. */
async function setUp({ minOutageMs = 0, local = ALWAYS } = {}) {
  const messages: string[] = []
  const state = {
    fallbacks: 0,
    ready: () => {},
    down: (_error: Error) => {},
    taken: [] as PromiseWithResolvers<RateLimitDecision>[],
    probe: (): Promise<string> => Promise.resolve('memory'),
  }
  const shared: SharedLimiter = {
    take: () => {
      const answer = Promise.withResolvers<RateLimitDecision>()
      state.taken.push(answer)
      return answer.promise
    },
    probe: () => state.probe(),
    onUp: (listener) => void Object.assign(state, { ready: listener }),
    onDown: (listener) => void Object.assign(state, { down: listener }),
    firstAttempt: Promise.resolve(),
    close: () => state.down(new Error('closed')),
  }
  const log = { info: () => messages.push('up'), warn: () => messages.push('down') }
  const onFallback = () => void state.fallbacks++
  const limiter = withFallback(shared, local, { log, onFallback, minOutageMs, probeMs: 10 } as never)
  await limiter.started
  const take = () => Promise.resolve(limiter.take('a', LIMIT))
  return { ...{ messages, state, limiter, take }, comeBack: async () => state.ready() }
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
  state.taken[2]!.resolve(SHARED)
  expect([await next, messages, state.fallbacks]).toEqual([SHARED, ['up', 'down', 'up'], 3])
  limiter.close()
})

it('what the shared limiter has allowed is used up here when it is lost: there is no second burst', async () => {
  const { state, take, limiter } = await setUp({ local: createLocalLimiter({ now: () => 0 }) })
  const first = take()
  state.taken[0]!.resolve(SHARED)
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
