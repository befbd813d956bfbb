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
async function rig({ lastedMs = 0, local = ALWAYS } = {}) {
  const said: string[] = []
  const state = {
    fellBack: 0,
    ready: () => {},
    down: (_fault: Error) => {},
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
  const log = { info: () => said.push('there'), warn: () => said.push('away') }
  const fellBack = () => void state.fellBack++
  const limiter = withFallback(shared, local, { log, fellBack, lastedMs, probeMs: 10 } as never)
  await limiter.started
  const take = () => Promise.resolve(limiter.take('a', LIMIT))
  return { ...{ said, state, limiter, take }, comeBack: async () => state.ready() }
}

it('what was sent before Redis went and came again says nothing about now', async () => {
  const { state, take, said, comeBack, limiter } = await rig()
  const [first, late] = [take(), take()]
  state.taken[0]!.reject(new Error('slow'))
  expect(await first).toBe(LOCAL)
  expect(await take()).toBe(LOCAL)
  await comeBack()
  expect(said).toEqual(['there', 'away', 'there'])
  state.taken[1]!.reject(new Error('slow'))
  expect(await late).toBe(LOCAL)
  const next = take()
  state.taken[2]!.resolve(SHARED)
  expect([await next, said, state.fellBack]).toEqual([SHARED, ['there', 'away', 'there'], 3])
  limiter.close()
})

it('what the shared one has allowed is spent here when it is lost: there is no second burst', async () => {
  const { state, take, limiter } = await rig({ local: createLocalLimiter({ now: () => 0 }) })
  const first = take()
  state.taken[0]!.resolve(SHARED)
  expect(await first).toBe(SHARED)
  state.down(new Error('away'))
  expect(await take()).toMatchObject({ allowed: false })
  limiter.close()
})

it('a hundred that fail at once are one line, and all are judged', async () => {
  const { state, take, said, limiter } = await rig()
  const all = Array.from({ length: 100 }, take)
  for (const { reject } of state.taken) reject(new Error('gone'))
  expect(new Set(await Promise.all(all))).toEqual(new Set([LOCAL]))
  expect([said, state.fellBack]).toEqual([['there', 'away'], 100])
  limiter.close()
})

it('one that is late is judged alone and not said; what lasts is said once, and so is its end', async () => {
  const { state, take, said, comeBack, limiter } = await rig({ lastedMs: 100 })
  const late = take()
  state.taken[0]!.reject(new Error('slow'))
  expect(await late).toBe(LOCAL)
  await comeBack()
  expect([said, state.fellBack]).toEqual([['there'], 1])
  state.probe = () => Promise.reject(new Error('away'))
  state.down(new Error('away'))
  expect(said).toEqual(['there'])
  await untilTrue(() => said.length > 1)
  expect([await take(), said]).toEqual([LOCAL, ['there', 'away']])
  state.probe = async () => 'memory'
  await untilTrue(() => said.length > 2)
  expect(said).toEqual(['there', 'away', 'there'])
  limiter.close()
})

it('a gateway that stops does not call Redis away', async () => {
  const { said, limiter } = await rig()
  limiter.close()
  expect(said).toEqual(['there'])
})
