import { buffer } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, expect, it } from '@jest/globals'
import { createLog, VERSION } from 'ebb/kernel'
import { createIdentityVerifier } from 'ebb/protocol'
import { createKey, revokeKey } from '../../src/data/keys/api-keys.ts'
import { createPool } from '../../src/data/postgres/pool.ts'
import { testDatabase } from '../../src/testing/index.ts'
import { ADMIN, gatewaySettings, PEPPER, startCuttableProxy, startTestGateway, untilStatus } from './test-support.ts'

// Hooks run in the order in which they are declared: the pool lets go before the database is dropped.
afterAll(() => pool.end())
const database = testDatabase()
const pool = createPool(database.ownerUrl, { log: createLog({ level: 'silent' }) })

const keyOf = (subject: string) => createKey(pool, PEPPER, { subject, scopes: ['things:write'], actor: 'test' })
const read = (url: string, token: string) => fetch(`${url}/v1/things`, { headers: { 'x-api-key': token } })
const write = (url: string, token: string, body = '{}') =>
  fetch(`${url}/v1/things`, {
    ...{ method: 'POST', body },
    headers: { 'x-api-key': token, 'content-type': 'application/json', 'idempotency-key': 'k' },
  })

it('200 a request reaches its function, with an identity that the function can verify', async () => {
  const seen: { url?: string | undefined; identity?: unknown } = {}
  const { env, jwks } = await gatewaySettings(database.url, async (request, response) => {
    seen.url = request.url
    seen.identity = await createIdentityVerifier(jwks, 'get-thing')(String(request.headers['ebb-identity']))
    response.end('{}')
  })
  const { url, admin } = await startTestGateway(env)
  const { token } = await keyOf('ann')
  expect((await read(url, token)).status).toBe(200)
  expect(seen.url).toBe('/get-thing/v1/things')
  expect(seen.identity).toMatchObject({ sub: 'ann', scopes: ['things:write'], iss: 'ebb:gateway' })
  expect((await fetch(`${url}/_/ready`)).status).toBe(200)
  await read(url, 'nonsense')
  const metrics = await (await fetch(`${admin}/metrics`)).text()
  expect(metrics).toContain('ebb_wakeups_avoided_total{reason="unauthenticated"} 1')
  expect(metrics).toMatch(
    /http_server_request_duration_seconds_count\{route="\/v1\/things",method="GET",status="200"\} 1/,
  )
  expect(metrics).toContain(`ebb_build_info{version="${VERSION}",revision="dev"} 1`)
  expect((await fetch(`${url}/metrics`)).status).toBe(404)
})

it('each response of a deprecated endpoint says so, whoever made it', async () => {
  const deprecated = { since: '2026-11-30', sunset: '2099-06-01', use: 'get-public' }
  const { env } = await gatewaySettings(database.url, (_request, response) => void response.end('{}'), {
    routes: [
      { name: 'get-old', method: 'GET', path: '/v1/old', anonymous: true, deprecated },
      { name: 'get-older', method: 'GET', path: '/v1/older', deprecated },
    ],
  })
  const { url } = await startTestGateway(env)
  for (const [path, status] of [
    ['old', 200],
    ['older', 401],
  ] as const) {
    const response = await fetch(`${url}/v1/${path}`)
    expect(response.status).toBe(status)
    expect(response.headers.get('deprecation')).toBe('@1795996800')
    expect(response.headers.get('sunset')).toBe('Mon, 01 Jun 2099 00:00:00 GMT')
    expect(response.headers.get('link')).toBe('</v1/public>; rel="successor-version"')
  }
  expect((await fetch(`${url}/v1/public`)).headers.get('deprecation')).toBeNull()
})

it('401 a revoked key, long before it would be looked up again, in every gateway', async () => {
  const { env } = await gatewaySettings(database.url, (_request, response) => void response.end('{}'))
  const gateways = [await startTestGateway(env), await startTestGateway(env)]
  for (const { heard } of gateways) await heard
  const { key, token } = await keyOf('ben')
  for (const { url } of gateways) expect((await read(url, token)).status).toBe(200)
  await fetch(`${gateways[0]!.admin}/v1/keys/${key.id}`, { method: 'DELETE', headers: ADMIN })
  const revokedAt = Date.now()
  for (const { url } of gateways) await untilStatus(401, () => read(url, token))
  // A key that is known is believed for 30 s.
  expect(Date.now() - revokedAt).toBeLessThan(20_000)
})

it('401 a key that was revoked while the channel was down, as soon as it is back', async () => {
  const way = await startCuttableProxy(database.url)
  const { env } = await gatewaySettings(way.url, (_request, response) => void response.end('{}'))
  const { url, heard } = await startTestGateway(env)
  const { key, token } = await keyOf('cy')
  await heard
  expect((await read(url, token)).status).toBe(200)
  way.cut()
  await revokeKey(pool, key.id, { actor: 'test' })
  expect((await read(url, token)).status).toBe(200)
  way.mend()
  await untilStatus(401, () => read(url, token))
})

it('503 without a database at the start, 200 when it comes, 503 when it goes; known keys serve on', async () => {
  const way = await startCuttableProxy(database.url)
  way.cut()
  const { env } = await gatewaySettings(way.url, (_request, response) => void response.end('{}'))
  const { url, heard } = await startTestGateway(env)
  const { token } = await keyOf('dan')
  const ready = () => fetch(`${url}/_/ready`)
  expect((await ready()).status).toBe(503)
  expect((await fetch(`${url}/_/health`)).status).toBe(200)
  const refused = await read(url, token)
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2'])
  way.mend()
  await untilStatus(200, ready)
  await heard
  expect((await read(url, token)).status).toBe(200)
  way.cut()
  await untilStatus(503, ready)
  expect((await read(url, token)).status).toBe(200)
  const unheardOf = await keyOf('eve')
  expect((await read(url, unheardOf.token)).status).toBe(503)
  // The lookup of a stored response fails, and the function decides.
  expect((await write(url, token)).status).toBe(200)
})

it('201 a stored response is replayed without the function, 422 with another body', async () => {
  let woken = 0
  const { env } = await gatewaySettings(database.url, async (request, response) => {
    woken++
    await buffer(request)
    response.end()
  })
  const { url } = await startTestGateway(env)
  const { token } = await keyOf('fay')
  expect((await write(url, token)).status).toBe(200)
  const { fingerprint } = await import('../../src/http/idempotency.ts')
  const print = fingerprint({
    method: 'POST',
    target: '/v1/things',
    headers: {},
    contractHeaders: [],
    body: Buffer.from('{}'),
  })
  await pool.query(
    `insert into ebb.idempotency (caller, route, key, fingerprint, status, headers, body)
     values ('fay', 'create-thing', 'k', $1, 201, '{"location": "/v1/things/1"}', '{"a": 1}')`,
    [print],
  )
  const replayed = await write(url, token)
  expect([replayed.status, replayed.headers.get('location'), await replayed.text()]).toEqual([
    ...[201, '/v1/things/1', '{"a": 1}'],
  ])
  expect(replayed.headers.get('idempotency-replayed')).toBe('true')
  expect((await write(url, token, '{"b":1}')).status).toBe(422)
  expect(woken).toBe(1)
})

it('a gateway that shuts down is not ready at once, and serves callers who do not know yet', async () => {
  const { env } = await gatewaySettings(database.url, (_request, response) => void response.end('{}'))
  const { url, stop } = await startTestGateway(env, { drainMs: 3_000 })
  await untilStatus(200, () => fetch(`${url}/_/ready`))
  const began = performance.now()
  const stopped = stop()
  expect((await fetch(`${url}/_/ready`)).status).toBe(503)
  // Silence is what would end it without the setting.
  for (let i = 0; i < 3; i++) {
    await delay(250)
    const answer = await fetch(`${url}/v1/public`)
    expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'close'])
  }
  await stopped
  expect(performance.now() - began).toBeGreaterThan(2_990)
  await expect(fetch(`${url}/v1/public`)).rejects.toThrow()
})
