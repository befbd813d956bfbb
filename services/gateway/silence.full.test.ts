import { afterAll, expect, it } from '@jest/globals'
import { createLog } from 'ebb/kernel'
import { testDatabase } from 'ebb/testing'
import { createKey } from '../../src/data/keys/api-keys.ts'
import { createPool } from '../../src/data/postgres/pool.ts'
import { startTcpProxy, throughProxy } from '../../test/support/tcp-proxy.ts'
import { gatewaySettings, PEPPER, startTestGateway, untilStatus } from './test-support.ts'

// Hooks run in the order in which they are declared: the pool lets go before the database is dropped.
afterAll(() => pool.end())
const database = testDatabase()
const pool = createPool(database.ownerUrl, { log: createLog({ level: 'silent' }) })
let proxy: Awaited<ReturnType<typeof startTcpProxy>>
afterAll(() => proxy.close())

it('a silent database: what needs none is served, the rest is 503 with Retry-After, and all recovers by itself', async () => {
  const { hostname: host, port } = new URL(database.url)
  proxy = await startTcpProxy({ host, port: Number(port) })
  const through = throughProxy(database.url, proxy)
  const { env } = await gatewaySettings(through, (_request, response) => void response.end('{}'))
  const { url } = await startTestGateway(env)
  const keys = await Promise.all(
    ['ann', 'ben', 'cy'].map((subject) => createKey(pool, PEPPER, { subject, scopes: [], actor: 'test' })),
  )
  const [known, ...unknown] = keys.map(({ token }) => token)
  const read = (token = '') => fetch(`${url}/v1/things`, { headers: { 'x-api-key': token } })
  await untilStatus(200, () => read(known))

  proxy.silence()
  expect((await fetch(`${url}/v1/public`)).status).toBe(200)
  expect((await read(known)).status).toBe(200)
  for (const { status, headers } of await Promise.all(unknown.map(read)))
    expect([status, headers.get('retry-after')]).toEqual([503, '2'])
  expect((await fetch(`${url}/_/ready`)).status).toBe(503)
  proxy.clear()
  await untilStatus(200, () => fetch(`${url}/_/ready`))
  for (const token of unknown) expect((await read(token)).status).toBe(200)
}, 60_000)
