import { afterAll, expect } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import pg from 'pg'
import { ADMIN, gatewaySettings, PEPPER, startTestGateway } from '../../services/gateway/test-support.ts'
import type { Route } from '../../src/contract/index.ts'
import { createKey } from '../../src/data/keys/api-keys.ts'
import { itWithRedis, testRedis } from '../support/redis.ts'
import { SEED } from '../support/seed.ts'
import { createEcho } from './cache-leaks/echo.ts'
import { type LeakCaller, type LeakRoute, runLeaks } from './cache-leaks/run-leaks.ts'

/** `npm run e2e:cache-leaks -- --requests 100000 --seed 7` runs more of them. */
const REQUESTS = Number(process.env.EBB_LEAK_REQUESTS ?? (process.env.EBB_TEST_SCALE === 'full' ? 5_000 : 500))
/** What ends one that hangs. */
const LIMIT_MS = 120_000 + REQUESTS * 50

afterAll(() => pool.end())
const database = testDatabase()
const pool = new pg.Pool({ connectionString: database.ownerUrl })

/** Two subjects of one name, one subject with two sets of scopes, two of one tenant, none of any, and nobody. */
const CALLERS = [
  { sub: 'ada', tenant: 'acme', scopes: ['things:read'] },
  { sub: 'ada', tenant: 'globex', scopes: ['things:read'] },
  { sub: 'ben', tenant: 'acme', scopes: ['things:read'] },
  { sub: 'ben', tenant: 'acme', scopes: ['things:read', 'things:write'] },
  { sub: 'eve', tenant: null, scopes: [] },
  { sub: 'acme', tenant: null, scopes: [] },
]

const cacheOf = (shared: boolean, varies: boolean) => ({
  ...{ maxAgeSeconds: 60, staleWhileRevalidateSeconds: 60, staleIfErrorSeconds: 60, shared },
  ...{ tags: ['thing:{id}'], vary: varies ? ['accept-language'] : [] },
})
const ROUTES: readonly LeakRoute[] = [false, true].flatMap((shared) =>
  [false, true].flatMap((varies) =>
    [false, true].map((anonymous) => {
      const name = ['get', shared ? 'shared' : 'own', varies ? 'varied' : 'plain', anonymous ? 'open' : 'closed'].join(
        '-',
      )
      return { prefix: `/v1/${name}`, name, shared, varies, anonymous }
    }),
  ),
)
const routes: readonly Partial<Route>[] = [
  ...ROUTES.map(({ prefix, name, shared, varies, anonymous }) => ({
    ...{ name, method: 'GET' as const, path: `${prefix}/{id}`, anonymous, cache: cacheOf(shared, varies) },
    headers: varies ? ['accept-language'] : [],
    scale: { max: 10, concurrency: 100 },
  })),
  { name: 'put-shared', method: 'PUT', path: '/v1/get-shared-plain-open/{id}', anonymous: true, readOnly: false },
]

itWithRedis(
  `${REQUESTS} requests of many callers, two gateways, one Redis: nobody gets what was made for another`,
  async () => {
    const redis = await testRedis()
    await redis.start()
    const { env } = await gatewaySettings(database.url, createEcho(), { routes })
    const settings = {
      ...{ ...env, REDIS_URL: redis.url, EBB_RATE_LIMIT_TIMEOUT_MS: '1000' },
      // So little that responses are pushed out, and come back from Redis.
      EBB_CACHE_BYTES: String(1_048_576),
    }
    const gateways = [await startTestGateway(settings), await startTestGateway(settings)]
    const callers: LeakCaller[] = [{ name: 'nobody', headers: {}, sub: 'anonymous', tenant: null, scopes: [] }]
    for (const [i, { sub, tenant, scopes }] of CALLERS.entries()) {
      const grant = { subject: sub, scopes, actor: 'test', ...(tenant === null ? {} : { tenant }) }
      const { token } = await createKey(pool, PEPPER, grant)
      callers.push({ name: `${sub}-${i}`, headers: { 'x-api-key': token }, sub, tenant, scopes })
    }
    const report = await runLeaks(
      {
        ...{ urls: gateways.map(({ url }) => url), callers, routes: ROUTES },
        purge: async (purge) => {
          const headers = { ...ADMIN, 'content-type': 'application/json' }
          const body = JSON.stringify(purge)
          await fetch(`${gateways[0]?.admin}/v1/cache/purge`, { method: 'POST', headers, body })
        },
      },
      { requests: REQUESTS, seed: SEED },
    )
    const { requests, outcomes, statuses, leaks } = report
    const [shown, answered] = [outcomes, statuses].map((counts) =>
      JSON.stringify(Object.fromEntries([...counts].sort())),
    )
    process.stderr.write(
      `cache leaks, seed ${SEED}: ${requests} requests, ${leaks.length} leaks; ${shown}; ${answered}\n`,
    )
    expect(leaks).toEqual([])
    expect(requests).toBeGreaterThanOrEqual(REQUESTS)
    // It was answered from the cache, and not by the functions alone.
    expect(outcomes.get('hit')).toBeGreaterThan(REQUESTS / 10)
  },
  LIMIT_MS,
)
