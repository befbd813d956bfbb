import { expect, it } from '@jest/globals'
import type { Limit } from '../../../src/contract/index.ts'
import { paceOf } from './gcra.ts'
import { createLocalLimiter } from './local-limiter.ts'

/** A limiter whose clock a test holds, in microseconds. */
function setUp(options: { shares?: number; maxCallers?: number } = {}) {
  const clock = { us: 5_000_000 }
  const limiter = createLocalLimiter({ ...options, now: () => clock.us })
  return {
    ...{ clock, limiter, markAllUnreported: limiter.markAllUnreported },
    take: (key: string, limit: Limit) => limiter.take([{ key, limit }])[0]!,
    record: (key: string, limit: Limit) => limiter.record([{ key, limit }]),
    takeUnreported: (key: string, limit: Limit) => limiter.takeUnreported({ key, limit }),
    restoreUnreported: (key: string, limit: Limit, n: number) => limiter.restoreUnreported({ key, limit }, n),
  }
}

const MINUTE = { requests: 60, perSeconds: 60, burst: 60 }
const SECOND_US = 1_000_000

it('a burst at once, then one for each interval', () => {
  const { clock, take } = setUp()
  const limit = { requests: 2, perSeconds: 1, burst: 3 }
  expect([take('a', limit), take('a', limit), take('a', limit)]).toEqual([
    { allowed: true, remaining: 2, waitSeconds: 1 },
    { allowed: true, remaining: 1, waitSeconds: 1 },
    { allowed: true, remaining: 0, waitSeconds: 2 },
  ])
  clock.us += SECOND_US / 2 - 1
  expect(take('a', limit)).toEqual({ allowed: false, remaining: 0, waitSeconds: 1 })
  clock.us += 1
  expect(take('a', limit).allowed).toBe(true)
  expect(take('a', limit).allowed).toBe(false)
})

it('a refusal costs neither this caller nor another anything', () => {
  const { clock, take } = setUp()
  const limit = { requests: 1, perSeconds: 10, burst: 1 }
  take('a', limit)
  for (let i = 0; i < 100; i++) expect(take('a', limit)).toEqual({ allowed: false, remaining: 0, waitSeconds: 10 })
  expect(take('b', limit).allowed).toBe(true)
  clock.us += 10 * SECOND_US
  expect(take('a', limit).allowed).toBe(true)
})

it.each([
  { requests: 1, perSeconds: 1, burst: 1 },
  { requests: 3, perSeconds: 1, burst: 3 },
  { requests: 7, perSeconds: 3, burst: 20 },
  { requests: 1_000, perSeconds: 1, burst: 1_000 },
])('never more than a burst and what the time has brought: %j', (limit) => {
  const { clock, take } = setUp()
  const { requests, perSeconds, burst } = limit
  const passed: number[] = []
  // A generator of its own, so that each run is the same.
  let seed = 7
  const random = () => {
    seed = (seed * 16_807) % 2_147_483_647
    return seed / 2_147_483_647
  }
  for (let i = 0; i < 5_000; i++) {
    if (random() < 0.3) clock.us += Math.floor((random() ** 8 * 60 * SECOND_US * perSeconds) / requests)
    if (take('a', limit).allowed) passed.push(clock.us)
  }
  expect(passed.length).toBeGreaterThan(burst)
  passed.forEach((from, first) => {
    passed.slice(first).forEach((until, more) => {
      if (more >= burst + ((until - from) * requests) / (perSeconds * SECOND_US) + 1e-9) {
        throw new Error(`${more + 1} requests in ${until - from} µs`)
      }
    })
  })
})

it('each of four gateways allows a quarter, at a quarter of the pace', () => {
  const { clock, take } = setUp({ shares: 4 })
  const allowed = () => Array.from({ length: 60 }, () => take('a', MINUTE)).filter(({ allowed }) => allowed).length
  expect(allowed()).toBe(15)
  clock.us += 60 * SECOND_US
  expect(allowed()).toBe(15)
  clock.us += 4 * SECOND_US
  expect(allowed()).toBe(1)
})

it('a limit that is smaller than the number of gateways still allows one', () => {
  const { take } = setUp({ shares: 4 })
  const limit = { requests: 2, perSeconds: 1, burst: 2 }
  expect([take('a', limit).allowed, take('a', limit).allowed]).toEqual([true, false])
})

it('it remembers the callers that came last, and no more', () => {
  const { take } = setUp({ maxCallers: 2 })
  const limit = { requests: 1, perSeconds: 10, burst: 1 }
  const allowed = (keys: string) => [...keys].map((key) => take(key, limit).allowed)
  expect(allowed('abab')).toEqual([true, true, false, false])
  expect(allowed('cba')).toEqual([true, false, true])
})

it('a limit that becomes wider holds at once, and a clock that goes back keeps no caller out', () => {
  const { clock, take } = setUp()
  const day = { requests: 1, perSeconds: 86_400, burst: 1 }
  take('a', day)
  expect(take('a', MINUTE)).toEqual({ allowed: false, remaining: 0, waitSeconds: 1 })
  clock.us -= 4 * SECOND_US
  expect(take('a', MINUTE)).toMatchObject({ allowed: false, waitSeconds: 1 })
})

it('a pace that is no whole number of microseconds is rounded to the safe side', () => {
  expect(paceOf({ requests: 3, perSeconds: 1, burst: 3 })).toEqual({ intervalUs: 333_334, burst: 3 })
})

it('it reports once what it has let through alone, as long as it is owed, and again where that failed', () => {
  const { clock, take, record, takeUnreported, restoreUnreported } = setUp({ shares: 2 })
  for (let i = 0; i < 40; i++) take('a', MINUTE)
  record('b', MINUTE)
  expect([
    takeUnreported('a', MINUTE),
    takeUnreported('a', MINUTE),
    takeUnreported('b', MINUTE),
    takeUnreported('c', MINUTE),
  ]).toEqual([30, 0, 0, 0])
  restoreUnreported('a', MINUTE, 30)
  clock.us += 20 * SECOND_US
  expect([takeUnreported('a', MINUTE), takeUnreported('a', MINUTE)]).toEqual([20, 0])
})

it('where the others have lost all, it reports everything that passed here, its share and beyond', () => {
  const { record, take, takeUnreported, markAllUnreported } = setUp({ shares: 4 })
  for (let i = 0; i < 40; i++) record('a', MINUTE)
  for (let i = 0; i < 100; i++) record('b', MINUTE)
  expect(take('a', MINUTE).allowed).toBe(false)
  markAllUnreported()
  expect([takeUnreported('a', MINUTE), takeUnreported('b', MINUTE)]).toEqual([40, 60])
})

it('of several rates none counts a request that one refuses, or that has no room', () => {
  const { limiter } = setUp()
  const [wide, narrow] = [
    { key: 'wide', limit: { requests: 10, perSeconds: 3_600, burst: 10 } },
    { key: 'narrow', limit: { requests: 2, perSeconds: 3_600, burst: 2 } },
  ]
  const remaining = (decisions: readonly { allowed: boolean; remaining: number }[]) =>
    decisions.map((one) => [one.allowed, one.remaining])
  expect(remaining(limiter.take([wide, narrow], { hasRoom: false }))).toEqual([
    [true, 10],
    [true, 2],
  ])
  for (let i = 0; i < 2; i++) limiter.take([wide, narrow])
  for (let i = 0; i < 5; i++) {
    expect(remaining(limiter.take([wide, narrow]))).toEqual([
      [true, 8],
      [false, 0],
    ])
  }
  expect(remaining(limiter.take([wide]))).toEqual([[true, 7]])
})

it('what is taken back was never counted', () => {
  const { limiter } = setUp()
  const rate = { key: 'a', limit: { requests: 2, perSeconds: 3_600, burst: 2 } }
  limiter.take([rate])
  limiter.record([rate])
  limiter.undo([rate], { isShared: true })
  limiter.undo([rate], { isShared: false })
  expect(limiter.takeUnreported(rate)).toBe(0)
  expect(limiter.take([rate])[0]).toMatchObject({ allowed: true, remaining: 1 })
})

it.each([
  { requests: 100, perSeconds: 1, burst: 100 },
  { requests: 7, perSeconds: 3, burst: 7 },
])('over a minute at three times the limit, within a hundredth all that is allowed passes: %j', (limit) => {
  const { clock, take } = setUp()
  const perSecond = limit.requests / limit.perSeconds
  // At random, but at the same moments in each run.
  let seed = 11
  const random = () => {
    seed = (seed * 16_807) % 2_147_483_647
    return seed / 2_147_483_647
  }
  const end = clock.us + 60 * SECOND_US
  let passed = 0
  while (clock.us < end) {
    if (take('a', limit).allowed) passed++
    clock.us += Math.ceil((2 * random() * SECOND_US) / (3 * perSecond))
  }
  expect(passed).toBeLessThanOrEqual(limit.burst + 60 * perSecond + 1)
  expect(passed).toBeGreaterThanOrEqual(0.995 * (limit.burst - 1 + 60 * perSecond))
})
