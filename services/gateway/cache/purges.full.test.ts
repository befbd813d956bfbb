import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import pg from 'pg'
import type { Route } from '../../../src/contract/index.ts'
import { createOutboxNotifier } from '../../../src/data/outbox.ts'
import { insertPurges } from '../../../src/data/purges.ts'
import { testDatabase } from '../../../src/testing/index.ts'
import { itWithRedis, testRedis } from '../../../test/support/redis.ts'
import { untilTrue } from '../../../test/support/until.ts'
import { ADMIN, gatewaySettings, startCuttableProxy, startTestGateway } from '../test-support.ts'

afterAll(() => pool.end())
const database = testDatabase()
let pool: pg.Pool
beforeAll(() => {
  // As a function.
  pool = new pg.Pool({ connectionString: database.url })
})

const cache = {
  ...{ maxAgeSeconds: 3_600, staleWhileRevalidateSeconds: 0, staleIfErrorSeconds: 0 },
  ...{ shared: true, tags: ['product:{id}'], vary: [] },
}
const routes: Partial<Route>[] = [
  { name: 'get-product', method: 'GET', path: '/v1/products/{id}', anonymous: true, cache },
  { name: 'put-product', method: 'PUT', path: '/v1/products/{id}', anonymous: true, readOnly: false },
  { name: 'get-own', method: 'GET', path: '/v1/own/{id}', anonymous: true, cache: { ...cache, shared: false } },
  { name: 'get-stock', method: 'GET', path: '/v1/stock/{id}', anonymous: true, cache: { ...cache, tags: [] } },
]

/** Two gateways in front of a function that counts its requests, and answers with the count and a tag. */
async function twoGateways({ databaseUrl = database.url, env: more = {} as Readonly<Record<string, string>> } = {}) {
  let count = 0
  let hold = false
  const held: ServerResponse[] = []
  const respond = (response: ServerResponse) =>
    response.writeHead(200, { 'content-type': 'text/plain', 'cache-tag': 'things,all' }).end(String(++count))
  const { env } = await gatewaySettings(
    databaseUrl,
    (_request, response) => void (hold ? held.push(response) : respond(response)),
    { routes },
  )
  const settings = { ...env, EBB_RATE_LIMIT_TIMEOUT_MS: '5000', ...more }
  const gateways = [await startTestGateway(settings), await startTestGateway(settings)]
  for (const { heard } of gateways) await heard
  const get = (path = '/v1/products/17') =>
    Promise.all(gateways.map(async ({ url }) => (await fetch(url + path)).text()))
  return {
    gateways,
    get,
    /** Resolves when both answer with a newer response than these. */
    untilNewer: (than: readonly string[], path?: string) =>
      untilTrue(async () => (await get(path)).every((text, i) => Number(text) > Number(than[i]))),
    count: () => count,
    hold: () => {
      hold = true
    },
    /** Answers what is held. Returns how many those were. */
    release: () => {
      hold = false
      return held.splice(0).map(respond).length
    },
    held: () => held.length,
  }
}

/** As a handler's transaction does. */
async function purgeAsFunction(tag: string, { notify = true } = {}) {
  const client = await pool.connect()
  try {
    await insertPurges(client, [{ kind: 'tag', value: tag }])
  } finally {
    client.release()
  }
  if (!notify) return
  const notifier = createOutboxNotifier(pool)
  notifier.notify('purges')
  await notifier.flush()
}

describe('two gateways, each with its memory', () => {
  it.each(['product:17', 'things'])('a handler purges %s: both forget, and nothing else', async (tag) => {
    const { get, untilNewer, count } = await twoGateways()
    const [first, other] = [await get(), await get('/v1/stock/1')]
    expect([await get(), count()]).toEqual([first, 4])
    await purgeAsFunction('product:18')
    const startedAt = performance.now()
    await purgeAsFunction(tag)
    await untilNewer(first)
    process.env.EBB_FIGURES &&
      console.log(`purged on both gateways ${(performance.now() - startedAt).toFixed(1)} ms after the commit`)
    if (tag === 'product:17') expect(await get('/v1/stock/1')).toEqual(other)
  })

  it('a notice is lost: the next poll finds the purge', async () => {
    const { get, untilNewer } = await twoGateways()
    const first = await get()
    await purgeAsFunction('things', { notify: false })
    await untilNewer(first)
  })

  it('a gateway that could not hear of a purge forgets when it hears again', async () => {
    const proxy = await startCuttableProxy(database.url)
    const { get, untilNewer, gateways } = await twoGateways({ databaseUrl: proxy.url })
    const first = await get()
    proxy.cut()
    await untilTrue(() => gateways.every(({ messages }) => messages.includes('the database channel is down')))
    await purgeAsFunction('things')
    expect(await get()).toEqual(first)
    proxy.mend()
    await untilNewer(first)
  })

  it('a purge while the function answers: that answer is not kept', async () => {
    const { get, hold, held, release, count } = await twoGateways()
    hold()
    const answers = get()
    await untilTrue(() => held() === 2)
    await purgeAsFunction('product:17')
    // Each of the gateways has read it when a later one has taken effect.
    const other = get('/v1/stock/1')
    await untilTrue(() => held() === 4)
    release()
    const [first, stock] = [await answers, await other]
    await purgeAsFunction('things')
    expect(count()).toBe(4)
    expect(stock).toHaveLength(2)
    await untilTrue(async () => (await get()).every((text) => !first.includes(text)))
  })

  it('an unsafe request to the same URL: the other gateway forgets as well', async () => {
    const { get, untilNewer, gateways } = await twoGateways()
    const [first, other] = [await get(), await get('/v1/products/18')]
    await (await fetch(`${gateways[0]?.url}/v1/products/17`, { method: 'PUT' })).text()
    await untilNewer(first)
    expect(await get('/v1/products/18')).toEqual(other)
  })
})

describe('POST /v1/cache/purge', () => {
  const purge = (admin: string, body: unknown, headers: Readonly<Record<string, string>> = ADMIN) =>
    fetch(`${admin}/v1/cache/purge`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })

  it.each([
    { tag: 'product:17' },
    { route: 'get-product' },
    { url: '/v1/products/17?a=1' },
    { url: 'https://api.example/v1/products/17?a=1' },
  ])('204 for %j: all gateways forget, and it is in the audit', async (body) => {
    const { get, untilNewer, gateways } = await twoGateways()
    const [first, other] = [await get('/v1/products/17?a=1'), await get('/v1/stock/17')]
    const { admin = '' } = gateways[0] ?? {}
    expect((await purge(admin, body)).status).toBe(204)
    await untilNewer(first, '/v1/products/17?a=1')
    expect(await get('/v1/stock/17')).toEqual(other)
    const { entries } = (await (await fetch(`${admin}/v1/audit?limit=1`, { headers: ADMIN })).json()) as {
      entries: unknown[]
    }
    expect(entries).toMatchObject([{ actor: 'admin', action: 'cache.purged' }])
  })

  it('400 for none, for two, and for a route that there is not; 401 without the key', async () => {
    const { env } = await gatewaySettings(database.url, (_request, response) => void response.end(), { routes })
    const { admin } = await startTestGateway(env)
    const bodies = [{}, { tag: 'a', url: '/b' }, { tag: '' }, { route: 'get-products' }, { url: 'b' }]
    expect(await Promise.all(bodies.map(async (body) => (await purge(admin, body)).status))).toEqual([
      400, 400, 400, 400, 400,
    ])
    expect((await purge(admin, { tag: 'a' }, {})).status).toBe(401)
  })
})

describe('two gateways with a Redis', () => {
  itWithRedis("the second gateway's first request needs no function, and a purge reaches what Redis has", async () => {
    const redis = await testRedis()
    await redis.start()
    const { gateways, get, count, untilNewer } = await twoGateways({ env: { REDIS_URL: redis.url } })
    await (await fetch(`${gateways[0]?.url}/v1/products/17`)).text()
    await untilTrue(
      async () =>
        (await fetch(`${gateways[1]?.url}/v1/products/17`)).headers.get('cache-status')?.includes('hit') ?? false,
    )
    const first = await get()
    expect(first[0]).toBe(first[1])
    expect(count()).toBeLessThanOrEqual(2)
    await purgeAsFunction('product:17')
    await untilNewer(first)
    await redis.kill()
    const memory = await get('/v1/products/18')
    expect(await get('/v1/products/18')).toEqual(memory)
  })
})

describe('a CDN in front', () => {
  it('gets tags and its own lifetime where the setting says so, of what everybody gets; clients see none else', async () => {
    const [plain, withCdn] = [await twoGateways(), await twoGateways({ env: { EBB_CDN_TAG_HEADER: 'surrogate-key' } })]
    const headersOf = async (gateways: typeof plain.gateways, path: string) => {
      const { headers } = await fetch(`${gateways[0]?.url}${path}`)
      const names = ['cache-tag', 'surrogate-key', 'surrogate-control', 'cdn-cache-control']
      return names.map((name) => headers.get(name))
    }
    for (const path of ['/v1/products/17', '/v1/products/17', '/v1/public'])
      expect(await headersOf(plain.gateways, path)).toEqual([null, null, null, null])
    const told = [null, 'product:17 things all', 'max-age=3600', null]
    for (let i = 0; i < 2; i++) expect(await headersOf(withCdn.gateways, '/v1/products/17')).toEqual(told)
    expect(await headersOf(withCdn.gateways, '/v1/own/17')).toEqual([null, null, null, null])
  })
})
