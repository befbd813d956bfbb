import { afterAll, expect, it } from '@jest/globals'
import { endpoint } from 'ebb/contract'
import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import { testFunction } from 'ebb/testing'
import * as z from 'zod'
import { startTcpProxy, throughProxy } from '../../../test/support/tcp-proxy.ts'
import { untilTrue } from '../../../test/support/until.ts'

const contractOf = (timeoutMs: number) =>
  endpoint({
    ...{ name: 'take-time', summary: 'Keeps a connection.', method: 'POST', path: '/v1/times' },
    ...{ body: z.object({ seconds: z.number() }), reply: { status: 204 }, access: {}, timeoutMs },
  })
const fn = testFunction(
  implement(contractOf(15_000), { sql: postgres }, async ({ body }, { sql }) => {
    await sql`select pg_sleep(${body.seconds})`
  }),
  { env: { EBB_POOL_MAX: '1' } },
)

const asleep = `select from pg_stat_activity where datname = current_database() and state = 'active' and query like '%pg_sleep(%'
  and pid <> pg_backend_pid()`

it('503 says that all connections are in use, and not that the database is unavailable', async () => {
  const caller = await fn.as({ sub: 'ada' })
  const long = caller.post('/v1/times').send({ seconds: 6 })
  const longOver = long.then(({ status }) => status)
  await untilTrue(async () => (await fn.query(asleep)).length === 1, { what: 'a connection in use' })
  const { status, headers, body } = await caller.post('/v1/times').send({ seconds: 0 })
  expect([status, headers['retry-after'], body.message]).toEqual([
    ...[503, '1', 'All connections to the database are in use; retry later.'],
  ])
  expect(await longOver).toBe(204)
})

const proxies: Awaited<ReturnType<typeof startTcpProxy>>[] = []
afterAll(() => Promise.all(proxies.map(({ close }) => close())))
const silent = testFunction(
  implement(contractOf(2_000), { sql: postgres }, async (_, { sql }) => {
    await sql`select 1`
  }),
  {
    through: async (url) => {
      const proxy = await startTcpProxy({ host: '127.0.0.1', port: Number(new URL(url).port) })
      proxies.push(proxy)
      proxy.silence()
      return throughProxy(url, proxy)
    },
  },
)

it('503 with Retry-After, and no 504, where a server accepts the connection and does not respond: nothing was sent', async () => {
  const { status, headers, body } = await (await silent.as({ sub: 'ada' })).post('/v1/times').send({ seconds: 0 })
  expect([status, headers['retry-after'], body.message]).toEqual([
    ...[503, '2', 'The database is not reachable; retry later.'],
  ])
})
