import { expect, it } from '@jest/globals'
import { endpoint } from 'ebb/contract'
import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import { testFunction } from 'ebb/testing'
import * as z from 'zod'
import { untilTrue } from '../../test/support/until.ts'

const contract = endpoint({
  ...{ name: 'take-time', summary: 'Keeps a connection.', method: 'POST', path: '/v1/times' },
  ...{ body: z.object({ seconds: z.number() }), reply: { status: 204 }, access: {}, timeoutMs: 15_000 },
})
const fn = testFunction(
  implement(contract, { sql: postgres }, async ({ body }, { sql }) => {
    await sql`select pg_sleep(${body.seconds})`
  }),
  { env: { EBB_POOL_MAX: '1' } },
)

const asleep = `select from pg_stat_activity where datname = current_database() and state = 'active' and query like '%pg_sleep(%'
  and pid <> pg_backend_pid()`

it('503 says that all connections are in use, which is no fault of the database', async () => {
  const caller = await fn.as({ sub: 'ada' })
  const long = caller.post('/v1/times').send({ seconds: 6 })
  const longOver = long.then(({ status }) => status)
  await untilTrue(async () => (await fn.query(asleep)).length === 1, { what: 'a connection in use' })
  const { status, headers, body } = await caller.post('/v1/times').send({ seconds: 0 })
  expect([status, headers['retry-after'], body.message]).toEqual([
    ...[503, '1', 'All connections to the database are in use just now.'],
  ])
  expect(await longOver).toBe(204)
})
