import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from '@jest/globals'
import { testDatabase } from '../../src/testing/index.ts'
import { itWithRedis, testRedis } from '../../test/support/redis.ts'
import { untilTrue } from '../../test/support/until.ts'
import { gatewaySettings, LIMIT, startTestGateway } from './test-support.ts'

const database = testDatabase()
const UNAVAILABLE = 'redis is unreachable or slow; each gateway limits by its own share'
const AVAILABLE = 'redis is reachable; rate limits hold across gateways'

/** Gateways in front of one function that counts its calls. */
async function setUp(gateways: number, env: Readonly<Record<string, string>>) {
  const woken = { times: 0 }
  const settings = await gatewaySettings(database.url, (_request, response) => {
    woken.times++
    response.end('{}')
  })
  const started: Awaited<ReturnType<typeof startTestGateway>>[] = []
  for (let i = 0; i < gateways; i++) started.push(await startTestGateway({ ...settings.env, ...env }))
  const get = (i = 0) => fetch(`${started[i % gateways]!.url}/v1/limited`)
  const messages = (i = 0) => started[i]!.messages.filter((message) => [UNAVAILABLE, AVAILABLE].includes(message))
  const metric = async (name: string) => {
    const texts = await Promise.all(started.map(async ({ admin }) => (await fetch(`${admin}/metrics`)).text()))
    return texts.reduce(
      (sum, text) =>
        sum +
        Number(
          text
            .split('\n')
            .find((line) => line.startsWith(name))
            ?.split(' ')[1] ?? 0,
        ),
      0,
    )
  }
  return { get, messages, metric, woken }
}

/** Asks eight at a time until `until` holds; all statuses that came. Their pauses leave Redis a processor to come back on. */
async function underLoad(get: () => Promise<Response>, until: () => boolean) {
  const statuses = new Set<number>()
  const limitAt = Date.now() + 60_000
  const ask = async () => {
    while (!until()) {
      if (Date.now() > limitAt) throw new Error('it did not come to that')
      const answer = await get()
      await answer.arrayBuffer()
      statuses.add(answer.status)
      await delay(5)
    }
  }
  await Promise.all(Array.from({ length: 8 }, ask))
  return statuses
}

const countOf = (answers: readonly Response[], status: number) =>
  answers.filter((answer) => answer.status === status).length

itWithRedis('429 for all but what the limit allows, of 200 at once through two gateways', async () => {
  const redis = await testRedis()
  await redis.start()
  // What is counted here is the limit, and not how busy this machine is.
  const { get, metric, woken, messages } = await setUp(2, { REDIS_URL: redis.url, EBB_RATE_LIMIT_TIMEOUT_MS: '5000' })
  const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => get(i)))
  expect([messages(0), messages(1)]).toEqual([[AVAILABLE], [AVAILABLE]])
  const others = answers.filter(({ status }) => status !== 200 && status !== 429)
  expect(await Promise.all(others.map((other) => other.text()))).toEqual([])
  expect([countOf(answers, 200), countOf(answers, 429), woken.times]).toEqual([
    LIMIT.burst,
    200 - LIMIT.burst,
    LIMIT.burst,
  ])
  const [refused] = answers.filter(({ status }) => status === 429)
  expect(Object.fromEntries(refused!.headers)).toMatchObject({
    ...{ 'content-type': 'application/problem+json', 'ratelimit-policy': '"burst";q=20;w=72000' },
    ...{ ratelimit: expect.stringMatching(/^"burst";r=0;t=3\d{3}$/), 'retry-after': expect.stringMatching(/^3\d{3}$/) },
  })
  expect(await refused!.json()).toMatchObject({ error: 'rate_limited' })
  expect(await metric('ebb_wakeups_avoided_total{reason="rate_limited"}')).toBe(180)
  expect(await metric('ebb_rate_limiter_fallback_total')).toBe(0)
})

itWithRedis('200 or 429 while Redis is killed and comes back under load, and one line each way', async () => {
  const redis = await testRedis()
  await redis.start()
  const { get, messages, metric } = await setUp(1, { REDIS_URL: redis.url, EBB_RATE_LIMIT_TIMEOUT_MS: '5000' })
  const onlyThese = (statuses: ReadonlySet<number>) =>
    expect([...statuses].filter((s) => s !== 200 && s !== 429)).toEqual([])
  expect((await get()).status).toBe(200)
  for (let round = 1; round <= 2; round++) {
    const outage = underLoad(get, () => messages().length === 2 * round)
    await redis.kill()
    onlyThese(await outage)
    const recovery = underLoad(get, () => messages().length === 2 * round + 1)
    await redis.start()
    onlyThese(await recovery)
  }
  expect(messages()).toEqual([AVAILABLE, UNAVAILABLE, AVAILABLE, UNAVAILABLE, AVAILABLE])
  const fallbacks = await metric('ebb_rate_limiter_fallback_total')
  expect(fallbacks).toBeGreaterThan(0)
  for (let i = 0; i < 10; i++) await get()
  expect(await metric('ebb_rate_limiter_fallback_total')).toBe(fallbacks)
  expect(messages()).toHaveLength(5)
})

itWithRedis('200 or 429 while Redis is slow: not every request waits for it, and it is used again', async () => {
  const redis = await testRedis()
  await redis.start()
  const { get, messages } = await setUp(1, { REDIS_URL: redis.url, EBB_RATE_LIMIT_TIMEOUT_MS: '1000' })
  expect((await get()).status).toBe(200)
  redis.hold()
  const began = performance.now()
  const answers = []
  for (let i = 0; i < 60; i++) answers.push(await get())
  // Each would have waited a second.
  expect(performance.now() - began).toBeLessThan(60 * 1_000)
  // What was spent while it was there counts here, too.
  expect([countOf(answers, 200), countOf(answers, 429)]).toEqual([19, 41])
  await untilTrue(() => messages().length === 2)
  expect(messages()).toEqual([AVAILABLE, UNAVAILABLE])
  redis.goOn()
  await untilTrue(() => messages().length === 3)
  // Nor does it forget what was spent meanwhile.
  const [next] = [await get()]
  expect([next.status, messages()]).toEqual([429, [AVAILABLE, UNAVAILABLE, AVAILABLE]])
})

itWithRedis('200 or 429 while Redis is late now and then: limited alone each time, and no line', async () => {
  const redis = await testRedis()
  await redis.start()
  const { get, messages, metric } = await setUp(1, { REDIS_URL: redis.url })
  const fallbacks = () => metric('ebb_rate_limiter_fallback_total')
  for (let round = 1; round <= 4; round++) {
    redis.hold()
    await get()
    const missed = await fallbacks()
    expect(missed).toBeGreaterThanOrEqual(round)
    redis.goOn()
    // Used again once a request is limited with Redis again.
    await untilTrue(async () => {
      const before = await fallbacks()
      await get()
      return before === (await fallbacks())
    })
  }
  expect(messages()).toEqual([AVAILABLE])
})

itWithRedis('200 from the start without its Redis, which may come later', async () => {
  const redis = await testRedis()
  const { get, messages } = await setUp(1, {
    ...{ REDIS_URL: redis.url, EBB_GATEWAY_REPLICAS: '4', EBB_RATE_LIMIT_TIMEOUT_MS: '5000' },
  })
  const before = await Promise.all(Array.from({ length: 20 }, () => get()))
  expect([countOf(before, 200), countOf(before, 429), messages()]).toEqual([5, 15, [UNAVAILABLE]])
  await redis.start()
  await untilTrue(() => messages().length === 2)
  // One by one: of many at once, a gateway before a function that is slow sheds some.
  const after = []
  for (let i = 0; i < 40; i++) after.push(await get())
  // The share that was spent before is no second burst.
  expect([countOf(after, 200), countOf(after, 429)]).toEqual([15, 25])
})

itWithRedis('429 beyond one burst, however often Redis stops, and comes back empty', async () => {
  const redis = await testRedis()
  await redis.start()
  const env = { REDIS_URL: redis.url, EBB_GATEWAY_REPLICAS: '2', EBB_RATE_LIMIT_TIMEOUT_MS: '5000' }
  const { get, messages } = await setUp(2, env)
  let passed = 0
  const askBoth = async (times: number) => {
    for (let i = 0; i < 2 * times; i++) passed += (await get(i)).status === 200 ? 1 : 0
  }
  await askBoth(3)
  expect(passed).toBe(6)
  for (let round = 1; round <= 3; round++) {
    await redis.kill()
    await untilTrue(() => messages(0).length === 2 * round && messages(1).length === 2 * round)
    await askBoth(round === 1 ? 4 : 20)
    await redis.start()
    await untilTrue(() => messages(0).length === 2 * round + 1 && messages(1).length === 2 * round + 1)
    await askBoth(round === 1 ? 1 : 20)
  }
  // After a return the first gateway that is asked does not know yet what the other has to tell.
  expect(passed).toBeGreaterThanOrEqual(LIMIT.burst)
  expect(passed).toBeLessThanOrEqual(LIMIT.burst + 3)
})

it('429 without any Redis, each of the gateways by its share', async () => {
  const { get, metric } = await setUp(2, { EBB_GATEWAY_REPLICAS: '2' })
  const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => get(i)))
  expect([countOf(answers, 200), countOf(answers, 429)]).toEqual([20, 80])
  expect(await metric('ebb_rate_limiter_fallback_total')).toBe(100)
})

it('204 the origins come from the settings', async () => {
  const settings = await gatewaySettings(database.url, (_request, response) => void response.end('{}'))
  const { url } = await startTestGateway({ ...settings.env, EBB_CORS_ORIGINS: 'https://app.example' })
  const headers = { origin: 'https://app.example', 'access-control-request-method': 'POST' }
  const answer = await fetch(`${url}/v1/things`, { method: 'OPTIONS', headers })
  expect([answer.status, answer.headers.get('access-control-allow-methods')]).toEqual([204, 'GET, HEAD, POST'])
})
