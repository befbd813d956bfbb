import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { afterAll, expect, it } from '@jest/globals'
import { createLog } from 'ebb/kernel'
import { parseList } from 'structured-headers'
import { definePlans } from '../../../src/contract/public.ts'
import { createKey } from '../../../src/data/keys/api-keys.ts'
import { createPool } from '../../../src/data/postgres/pool.ts'
import { readUsage } from '../../../src/data/usage.ts'
import { testDatabase } from '../../../src/testing/index.ts'
import { itWithRedis, testRedis } from '../../../test/support/redis.ts'
import { untilTrue } from '../../../test/support/until.ts'
import { ADMIN, gatewaySettings, PEPPER, startTestGateway } from '../test-support.ts'

// Hooks run in the order in which they are declared: the pool lets go before the database is dropped.
afterAll(() => pool.end())
const database = testDatabase()
const pool = createPool(database.ownerUrl, { log: createLog({ level: 'silent' }) })

const HOURLY = (requests: number) => ({ requests, perSeconds: 72_000 })
const PLANS = definePlans({
  free: { rate: HOURLY(90), quota: { requests: 30, per: 'month' } },
  both: { rate: HOURLY(50), quota: { requests: 30, per: 'month' } },
  slow: { rate: HOURLY(3) },
  small: { quota: { requests: 2, per: 'day' } },
  narrow: { concurrency: 3 },
  team: { quota: { requests: 10, per: 'month' }, concurrency: 50, rate: HOURLY(1_000) },
})

/** Gateways in front of one function, whose responses a test may hold. */
async function setUp(gateways: number, { plans = PLANS as Parameters<typeof gatewaySettings>[2], env = {} } = {}) {
  const woken = { times: 0, held: [] as ServerResponse[], hold: false }
  const listener = (_request: unknown, response: ServerResponse) => {
    woken.times++
    if (woken.hold) woken.held.push(response)
    else response.end('{}')
  }
  const settings = await gatewaySettings(database.url, listener, { plans } as never)
  const started: Awaited<ReturnType<typeof startTestGateway>>[] = []
  for (let i = 0; i < gateways; i++) started.push(await startTestGateway({ ...settings.env, ...env }))
  for (const { heard } of started) await heard
  const get = (token: string, i = 0, path = '/v1/things') =>
    fetch(started[i % gateways]!.url + path, { headers: { 'x-api-key': token } })
  return { ...{ started, woken, get }, writeContracts: settings.writeContracts }
}

const withRedis = async () => {
  const redis = await testRedis()
  await redis.start()
  // What is counted here are the limits, and not how busy this machine is.
  return { redis, env: { REDIS_URL: redis.url, EBB_RATE_LIMIT_TIMEOUT_MS: '5000' } }
}

async function keyOf(plan?: string, tenant?: string) {
  const subject = `s-${randomUUID()}`
  const { token, key } = await createKey(pool, PEPPER, {
    ...{ subject, scopes: [], actor: 'test' },
    ...(plan ? { plan } : {}),
    ...(tenant ? { tenant } : {}),
  })
  return { token, subject, id: key.id }
}

const statusesOf = async (answers: readonly Promise<Response>[]) => {
  const counts: Record<string, number> = {}
  for (const answer of await Promise.all(answers)) {
    const policy = answer.status === 200 ? '' : ` ${((await answer.json()) as { policy?: string }).policy}`
    counts[`${answer.status}${policy}`] = (counts[`${answer.status}${policy}`] ?? 0) + 1
  }
  return counts
}

/** A field as any parser of structured fields reads it: of each item its parameters. */
const fieldOf = ({ headers }: Response, name: string) =>
  Object.fromEntries(
    parseList(headers.get(name) ?? '').map(([item, parameters]) => [item, Object.fromEntries(parameters)]),
  )

itWithRedis(
  'several limits at once: the fields describe all, the refusal names one, and then none has counted',
  async () => {
    const { env } = await withRedis()
    const { get, woken, writeContracts } = await setUp(2, { env })
    const { token, subject } = await keyOf('free')
    const first = await get(token, 0, '/v1/limited')
    expect([first.status, fieldOf(first, 'ratelimit-policy'), fieldOf(first, 'ratelimit')]).toEqual([
      200,
      { burst: { q: 20, w: 72_000 }, rate: { q: 90, w: 72_000 }, 'quota-month': { q: 30 } },
      {
        burst: { r: 19, t: expect.any(Number) },
        rate: { r: 89, t: expect.any(Number) },
        'quota-month': { r: 29, t: expect.any(Number) },
      },
    ])
    const limited = Array.from({ length: 60 }, (_, i) => get(token, i, '/v1/limited'))
    expect(await statusesOf(limited)).toEqual({ '200': 19, '429 burst': 41 })
    const others = Array.from({ length: 60 }, (_, i) => get(token, i))
    expect(await statusesOf(others)).toEqual({ '200': 10, '429 quota-month': 50 })
    const refused = await get(token)
    expect([refused.status, await refused.json()]).toEqual([
      429,
      expect.objectContaining({
        ...{ error: 'rate_limited', policy: 'quota-month' },
        message: expect.stringMatching(/^Your plan’s quota is 30 requests a month; the next may come in \d+ s\.$/),
      }),
    ])
    const { 'quota-month': quota } = fieldOf(refused, 'ratelimit')
    expect(quota).toEqual({ r: 0, t: Number(refused.headers.get('retry-after')) })
    expect(woken.times).toBe(30)
    await untilTrue(async () => (await readUsage(pool, { subject }))[0]?.refused === 92)
    expect(await readUsage(pool, { subject })).toMatchObject([{ plan: 'free', requests: 30, tenant: null }])
    await writeContracts(definePlans({ free: { rate: HOURLY(90), quota: { requests: 31, per: 'month' } } }))
    let next: Response | undefined
    await untilTrue(async () => {
      next = await get(token)
      return next.status === 200
    })
    expect(fieldOf(next!, 'ratelimit')).toMatchObject({ rate: { r: 59 }, 'quota-month': { r: 0 } })
  },
)

itWithRedis('a plan’s rate is over all routes, and of two gateways together', async () => {
  const { env } = await withRedis()
  const { get, started } = await setUp(2, { env })
  const { token } = await keyOf('slow')
  const both = ['/v1/things', '/v1/limited']
  expect(await statusesOf(Array.from({ length: 20 }, (_, i) => get(token, i, both[i % 3 === 0 ? 1 : 0])))).toEqual({
    '200': 3,
    '429 rate': 17,
  })
  const metrics = await Promise.all(started.map(async ({ admin }) => (await fetch(`${admin}/metrics`)).text()))
  const refused = metrics.map((text) => Number(/ebb_rate_limited_total\{policy="rate"\} (\d+)/.exec(text)?.[1] ?? 0))
  expect(refused.reduce((sum, n) => sum + n)).toBe(17)
})

itWithRedis('so many at a time and no more, over two gateways, and again when they are over', async () => {
  const { env } = await withRedis()
  const { get, woken } = await setUp(2, { env })
  const { token } = await keyOf('narrow')
  for (let round = 0; round < 2; round++) {
    woken.hold = true
    const held = Array.from({ length: 3 }, (_, i) => get(token, i))
    await untilTrue(() => woken.held.length === 3)
    const refused = await get(token, 1)
    expect([refused.status, refused.headers.get('retry-after'), await refused.json()]).toEqual([
      429,
      '1',
      expect.objectContaining({ policy: 'concurrency', message: expect.stringContaining('3 requests at a time') }),
    ])
    expect(fieldOf(refused, 'ratelimit-policy')).toEqual({ concurrency: { q: 3, qu: 'concurrent-requests' } })
    expect(fieldOf(refused, 'ratelimit')).toEqual({ concurrency: { r: 0 } })
    woken.hold = false
    for (const response of woken.held.splice(0)) response.end('{}')
    expect(await statusesOf(held)).toEqual({ '200': 3 })
    // The answer may be here before its slot is free.
    await untilTrue(async () => (await get(token)).headers.get('ratelimit') === '"concurrency";r=2')
  }
})

it('without Redis a quota is as exact, and of the rest each gateway allows its share', async () => {
  const { get, woken } = await setUp(2, { env: { EBB_GATEWAY_REPLICAS: '2' } })
  const { token, subject } = await keyOf('both')
  const counts: Record<string, number> = {}
  // A few at a time: of many at once, a gateway before a function that is slow sheds some.
  for (let i = 0; i < 100; i += 10) {
    const some = await statusesOf(Array.from({ length: 10 }, (_, n) => get(token, n)))
    for (const [name, n] of Object.entries(some)) counts[name] = (counts[name] ?? 0) + n
  }
  expect(counts).toEqual({ '200': 30, '429 quota-month': 70 })
  expect([woken.times, (await readUsage(pool, { subject }))[0]?.requests]).toEqual([30, 30])
})

it('503 of a function that is overloaded costs nothing of a quota', async () => {
  const { get, woken } = await setUp(1)
  const { token, subject } = await keyOf('free')
  woken.hold = true
  const all = Array.from({ length: 25 }, () => get(token))
  // So many does a function of one instance get at a time.
  await untilTrue(() => woken.held.length === 11)
  const settled = Promise.all(all)
  await untilTrue(async () => (await readUsage(pool, { subject }))[0]?.requests === 11)
  woken.hold = false
  for (const response of woken.held.splice(0)) response.end('{}')
  expect((await settled).filter(({ status }) => status === 503)).toHaveLength(14)
})

it('a tenant’s plan is all its callers’, from the moment it is set; a key’s own comes first', async () => {
  const { get, started } = await setUp(2)
  const tenant = `t-${randomUUID()}`
  const [ann, bob, own] = [await keyOf(undefined, tenant), await keyOf(undefined, tenant), await keyOf('small', tenant)]
  expect((await get(ann.token)).headers.get('ratelimit')).toBeNull()
  const at = `${started[0]!.admin}/v1/plans/tenants/${tenant}`
  const put = (plan: string) =>
    fetch(at, {
      method: 'PUT',
      headers: { ...ADMIN, 'content-type': 'application/json' },
      body: JSON.stringify({ plan }),
    })
  expect((await put('team')).status).toBe(200)
  for (const i of [0, 1]) await untilTrue(async () => (await get(ann.token, i)).headers.has('ratelimit'))
  const used = 10 - Number(fieldOf(await get(bob.token), 'ratelimit')['quota-month']?.r)
  const rest = Array.from({ length: 20 }, (_, i) => get(i % 3 === 0 ? ann.token : bob.token, i))
  expect(await statusesOf(rest)).toEqual({ '200': 10 - used, '429 quota-month': 10 + used })
  expect(await statusesOf(Array.from({ length: 4 }, (_, i) => get(own.token, i)))).toEqual({
    '200': 2,
    '429 quota-day': 2,
  })
  expect((await put('none')).status).toBe(400)
  const list = async (path: string) =>
    (await (await fetch(started[1]!.admin + path, { headers: ADMIN })).json()) as Record<string, unknown[]>
  const listed = await list('/v1/plans')
  expect(listed.plans).toContainEqual(
    expect.objectContaining({ name: 'team', isDeclared: true, concurrency: 50, holders: { tenants: 1, keys: 0 } }),
  )
  const tenants = await list('/v1/plans/tenants?plan=team')
  expect(tenants.tenants).toEqual([{ tenant, plan: 'team', setAt: expect.any(String) }])
  expect((await fetch(at, { method: 'DELETE', headers: ADMIN })).status).toBe(204)
  for (const i of [0, 1]) await untilTrue(async () => !(await get(ann.token, i)).headers.has('ratelimit'))
  const { rows } = await pool.query('select actor, action, detail from ebb.audit where tenant = $1 order by id', [
    tenant,
  ])
  expect(rows.filter(({ action }) => action.startsWith('plan.'))).toEqual([
    { actor: 'admin', action: 'plan.set', detail: { plan: 'team' } },
    { actor: 'admin', action: 'plan.unset', detail: { plan: null } },
  ])
})

it('`default` is for who has no plan, and for a plan that is not declared, which is logged; other plans hold at once', async () => {
  const { get, started, writeContracts } = await setUp(1, {
    plans: definePlans({ default: { rate: HOURLY(2) } }) as never,
  })
  const [none, lost] = [await keyOf(), await keyOf('gone')]
  const all = (token: string) => statusesOf(Array.from({ length: 4 }, () => get(token)))
  expect([await all(none.token), await all(lost.token)]).toEqual([
    { '200': 2, '429 rate': 2 },
    { '200': 2, '429 rate': 2 },
  ])
  const sentence = 'domain/plans.ts does not have the plan of a caller; `default` applies'
  expect(started[0]!.messages).toContain(sentence)
  await writeContracts(definePlans({ default: { rate: HOURLY(2) }, gone: { rate: HOURLY(9) } }))
  await untilTrue(async () => (await get(lost.token)).headers.get('ratelimit-policy') === '"rate";q=9;w=72000')
})

it('401, 403 and 404 count nothing, and nobody without a key has a plan', async () => {
  const { get, started } = await setUp(1)
  const { token, subject } = await keyOf('small')
  const { url } = started[0]!
  const post = () => fetch(`${url}/v1/things`, { method: 'POST', headers: { 'x-api-key': token } })
  const answers = [
    await get(`${token}x`),
    await post(),
    await get(token, 0, '/v1/none'),
    await fetch(`${url}/v1/public`),
  ]
  expect(answers.map(({ status, headers }) => [status, headers.get('ratelimit')])).toEqual([
    [401, null],
    [403, null],
    [404, null],
    [200, null],
  ])
  expect(fieldOf(await get(token), 'ratelimit')).toMatchObject({ 'quota-day': { r: 1 } })
  await get(token)
  expect((await get(token)).status).toBe(429)
  expect((await readUsage(pool, { subject }))[0]?.requests).toBe(2)
})

it('429 from one network beyond EBB_ADDRESS_LIMIT, before a key is looked at; health is always served', async () => {
  const env = { EBB_ADDRESS_LIMIT: '3/36000', EBB_TRUSTED_HOPS: '1' }
  const { started } = await setUp(1, { env })
  const { url } = started[0]!
  const from = (address: string, path = '/v1/things') =>
    fetch(url + path, { headers: { 'x-forwarded-for': address, 'x-api-key': 'nonsense' } })
  const network = ['2001:db8::1', '2001:db8::2', '2001:db8:0:0:9::1', '2001:db8::4']
  const answers = []
  for (const address of network) answers.push(await from(address))
  expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 429])
  expect(await answers[3]!.json()).toMatchObject({ error: 'rate_limited', policy: 'address' })
  expect(answers[3]!.headers.get('retry-after')).toMatch(/^\d+$/)
  expect([(await from('192.0.2.1')).status, (await from('2001:db8::9', '/_/health')).status]).toEqual([401, 200])
})
