import { afterEach, expect } from '@jest/globals'
import { Redis } from 'ioredis'
import { itWithRedis, testRedis } from '../../../test/support/redis.ts'
import { untilTrue } from '../../../test/support/until.ts'
import { openRateLimiter } from './open-rate-limiter.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

const log = { info: () => {}, warn: () => {} }

/** Two gateways on one Redis, and a client that looks at it. */
async function setUp() {
  const redis = await testRedis()
  await redis.start()
  const config = { REDIS_URL: redis.url, EBB_GATEWAY_REPLICAS: 2, EBB_RATE_LIMIT_TIMEOUT_MS: 120_000 }
  const open = () => openRateLimiter(config, { log, onFallback: () => {} })
  const limiters = await Promise.all([open(), open()])
  const client = new Redis(redis.url, { disconnectTimeout: 100 })
  closers.push(...limiters.map(({ close }) => close), () => client.disconnect())
  return { open, limiters, client }
}

/** So slow that nothing comes back while a test runs. */
const LIMIT = { requests: 1_000, perSeconds: 36_000, burst: 1_000 }
const LEASED = Math.floor(LIMIT.burst / 32)

type Limiter = Awaited<ReturnType<typeof openRateLimiter>>

/** So many requests, ten at a time; resolves to how many were let through. */
async function send({ take }: Limiter, requests: number, limit = LIMIT): Promise<number> {
  let allowed = 0
  for (let sent = 0; sent < requests; sent += 10) {
    const taken = await Promise.all(Array.from({ length: 10 }, () => take({ rates: [{ key: 'a', limit }] })))
    allowed += taken.filter((one) => one.allowed).length
  }
  return allowed
}

const callsOf = async (client: Redis) =>
  Number(/cmdstat_evalsha:calls=(\d+)/.exec(await client.info('commandstats'))?.[1] ?? 0)

itWithRedis(
  'never more than the limit through two gateways, and all of it when what was not used is given back',
  async () => {
    const { open, limiters, client } = await setUp()
    const allowed = await Promise.all(limiters.map((limiter) => send(limiter, 900)))
    const total = allowed.reduce((sum, one) => sum + one, 0)
    expect(total).toBeLessThanOrEqual(LIMIT.burst)
    expect(total).toBeGreaterThanOrEqual(LIMIT.burst - 2 * 2 * LEASED)
    expect(await callsOf(client)).toBeGreaterThan(0)
    for (const { close } of limiters) close()
    closers.splice(0, 2)
    const third = await open()
    closers.push(third.close)
    let rest = 0
    await untilTrue(
      async () => {
        rest += await send(third, 10)
        return total + rest >= LIMIT.burst
      },
      { what: 'what the two have given back' },
    )
    expect(total + rest).toBe(LIMIT.burst)
    expect(await send(third, 10)).toBe(0)
  },
)

itWithRedis(
  'asks Redis seldom for a caller far from a limit, and for each request of one with a small limit',
  async () => {
    const { limiters, client } = await setUp()
    const large = { requests: 10_000, perSeconds: 1, burst: 10_000 }
    await send(limiters[0], 20, large)
    const before = await callsOf(client)
    expect(await send(limiters[0], 1_000, large)).toBe(1_000)
    expect((await callsOf(client)) - before).toBeLessThan(60)

    const { take } = limiters[1]
    const small = { requests: 50, perSeconds: 36_000, burst: 50 }
    const beforeSmall = await callsOf(client)
    for (let i = 0; i < 20; i++) await take({ rates: [{ key: 'b', limit: small }] })
    // The first of them sends the script itself, which is another command.
    expect((await callsOf(client)) - beforeSmall).toBeGreaterThanOrEqual(19)
  },
)

itWithRedis('tells a caller what remains, leased or not, and takes back what something else has refused', async () => {
  const { limiters } = await setUp()
  const { take } = limiters[0]
  const one = () => take({ rates: [{ key: 'a', limit: LIMIT }] })
  for (let i = 1; i <= 100; i++) expect((await one()).rates[0]?.remaining).toBe(LIMIT.burst - i)
  const last = await one()
  last.undo()
  expect((await one()).rates[0]?.remaining).toBe(LIMIT.burst - 101)
})
