import { afterAll, afterEach, expect, it } from '@jest/globals'
import { endpoint } from 'ebb/contract'
import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import { testDatabase, testFunction } from 'ebb/testing'
import type pg from 'pg'
import * as z from 'zod'
import { startTcpProxy, throughProxy } from '../../../test/support/tcp-proxy.ts'
import { untilTrue } from '../../../test/support/until.ts'
import { collectLog } from '../test-support.ts'
import { createPool, inTransaction } from './pool.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

let proxy: Awaited<ReturnType<typeof startTcpProxy>>
afterAll(() => proxy.close())

async function through(url: string) {
  const { hostname, port } = new URL(url)
  proxy = await startTcpProxy({ host: hostname, port: Number(port) })
  return throughProxy(url, proxy)
}

const contract = endpoint({
  ...{ name: 'take-time', summary: 'Uses a connection.', method: 'POST', path: '/v1/times' },
  ...{ body: z.object({ seconds: z.number().default(0), forget: z.boolean().default(false) }) },
  ...{ reply: { status: 204 }, access: {}, timeoutMs: 5_000 },
})
const CONNECTIONS = 3
const fn = testFunction(
  implement(contract, { sql: postgres }, async ({ body }, { sql }) => {
    await sql`select pg_sleep(${body.seconds})`
    if (body.forget) proxy.forget()
  }),
  { env: { EBB_POOL_MAX: `${CONNECTIONS}` }, through },
)

const call = async (body: object = {}) => (await fn.as({ sub: 'ada' })).post('/v1/times').send(body)

/** Has the pool open all connections that it may, and no more. */
const fill = () =>
  untilTrue(
    async () => {
      const responses = await Promise.all(Array.from({ length: CONNECTIONS }, () => call({ seconds: 0.3 })))
      return responses.every(({ status }) => status === 204) && proxy.connections() === CONNECTIONS
    },
    { what: 'a full pool', limitMs: 60_000 },
  )

it('504 for one request only, where a firewall has dropped all connections: the idle ones are not tried one after the other', async () => {
  await fill()
  proxy.forget()
  expect((await call()).status).toBe(504)
  await untilTrue(() => proxy.connections() === 0, {
    what: 'all of the forgotten connections are gone',
    limitMs: 60_000,
  })
  const statuses = await Promise.all(Array.from({ length: 2 * CONNECTIONS }, async () => (await call()).status))
  expect(new Set(statuses)).toEqual(new Set([204]))
})

it('503 or 504 and no hanging request while the host does not respond, and 204 again without a restart', async () => {
  await fill()
  proxy.silence()
  const during = await Promise.all(Array.from({ length: 4 * CONNECTIONS }, () => call()))
  for (const { status, headers } of during) {
    expect([503, 504]).toContain(status)
    if (status === 503) expect(headers['retry-after']).toMatch(/^[12]$/)
  }
  proxy.clear()
  await untilTrue(async () => (await call()).status === 204, { what: 'a request that succeeds', limitMs: 60_000 })
  const after = await Promise.all(Array.from({ length: 2 * CONNECTIONS }, async () => (await call()).status))
  expect(new Set(after)).toEqual(new Set([204]))
})

it('503 outcome_unknown where a COMMIT gets no reply', async () => {
  const { status, headers, body } = await call({ forget: true })
  expect([status, headers['retry-after'], body.error]).toEqual([503, '2', 'outcome_unknown'])
  expect((await call()).status).toBe(204)
})

const database = testDatabase()

/** A pool like that of gateway and relay. */
async function openPool() {
  const { hostname, port } = new URL(database.url)
  const before = await startTcpProxy({ host: hostname, port: Number(port) })
  const pool = createPool(throughProxy(database.url, before), {
    max: 2,
    statementTimeoutMs: 3_000,
    log: collectLog().log,
  })
  closers.push(before.close, () => pool.end())
  return { pool, before }
}

it.each<[string, (pool: pg.Pool) => Promise<unknown>]>([
  ['a statement', (pool) => pool.query('select 1')],
  ['a transaction', (pool) => inTransaction(pool, (client) => client.query('select 1'))],
])('%s that is not answered loses its connection, and the pool is well', async (_what, run) => {
  const { pool, before } = await openPool()
  await untilTrue(
    async () => {
      await Promise.all([1, 2].map(() => pool.query('select pg_sleep(0.2)')))
      return pool.idleCount === 2
    },
    { what: 'a full pool' },
  )
  before.forget()
  // More than there are connections, so that some wait for one.
  const runs = await Promise.allSettled(Array.from({ length: 6 }, () => run(pool)))
  expect(runs.filter(({ status }) => status === 'rejected')).toHaveLength(2)
  expect(await Promise.all(Array.from({ length: 6 }, () => run(pool)))).toHaveLength(6)
})

it('a statement that takes too long is cancelled', async () => {
  const { pool } = await openPool()
  await expect(pool.query('select pg_sleep(60)')).rejects.toThrow('timeout')
  const asleep = `select from pg_stat_activity where query like 'select pg_sleep(60)' and state = 'active'`
  await untilTrue(async () => (await pool.query(asleep)).rowCount === 0, { what: 'no statement sleeps' })
})
