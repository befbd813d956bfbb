import { afterAll, beforeAll, expect, it } from '@jest/globals'
import type pg from 'pg'
import { emitAll, query } from '../../../services/relay/test-outbox.ts'
import { untilTrue } from '../../../test/support/until.ts'
import { createLog } from '../../kernel/index.ts'
import { testDatabase } from '../../testing/index.ts'
import { createPool } from '../postgres/pool.ts'
import { findDue } from './backlog.ts'
import { leaseDeliveries } from './deliveries.ts'
import { fanOut } from './fan-out.ts'
import { reclaimDeliveries, settleDeliveries } from './settle-deliveries.ts'

const WELCOME = [{ name: 'send-welcome', on: 'user.created' }]
const PASSED = 3_000
/** A look may read some pages of each index, and none that grows with what has passed through. */
const MAX_BLOCKS = 120

// Hooks run in the order in which they are declared: the pool closes before the database is dropped.
afterAll(async () => {
  await holder.query('commit')
  holder.release()
  await pool.end()
})
const { ownerUrl: url } = testDatabase()
const pool = createPool(url, { max: 2, log: createLog({ level: 'silent' }) })
let holder: pg.PoolClient

beforeAll(async () => {
  holder = await pool.connect()
  // As a pg_dump, a long report or a forgotten psql does: nothing that dies from now on can be cleaned up.
  await holder.query('begin isolation level repeatable read; select from ebb.outbox')
  await emitAll(url, { count: PASSED, notify: false })
  for (let events = 1; events > 0; ) events = (await fanOut(pool, WELCOME)).events
  for (;;) {
    const leased = await leaseDeliveries(pool, 'send-welcome', { limit: 500, leaseMs: 60_000 })
    if (leased.length === 0) break
    await settleDeliveries(
      pool,
      leased.map((delivery) => ({ delivery, settlement: { state: 'done', durationMs: 1, status: 204 } })),
    )
  }
  // With so few rows a planner may read the table instead of its index; with a day's it does not.
  await pool.query('set enable_seqscan = off')
})

/** Runs it, and returns how many pages the statements that it sent have read. */
async function blocksReadBy(work: (pool: pg.Pool) => Promise<unknown>): Promise<number> {
  let blocks = 0
  const explained = async (text: string, values: readonly unknown[] = []) => {
    const { rows } = await pool.query(`explain (analyze, buffers, format json) ${text}`, [...values])
    blocks += rows[0]['QUERY PLAN'][0].Plan['Shared Hit Blocks'] + rows[0]['QUERY PLAN'][0].Plan['Shared Read Blocks']
    return pool.query(text, [...values])
  }
  await work(Object.assign(Object.create(pool), { query: explained }))
  return blocks
}

/** A transaction of another test on this server may be older than these: then nobody can know yet that there is nothing before. */
async function freshSince(): Promise<string> {
  const [last] = await query<{ last: string }>(url, 'select max(transaction_id)::text as last from ebb.outbox')
  let since = '0'
  await untilTrue(
    async () => {
      since = (await fanOut(pool, WELCOME)).since
      return BigInt(since) > BigInt(last?.last ?? 0)
    },
    { what: 'the transactions from before are over' },
  )
  return since
}

/** By now all of them have passed through; a relay's own bound lies two seconds before. */
const now = async () => (await query<{ now: string }>(url, 'select now()::text')).map((row) => row.now).join()

it.each<[string, (reader: pg.Pool, since?: string) => Promise<unknown>, () => Promise<string>]>([
  ['for new events', (reader, since) => fanOut(reader, WELCOME, { since }), () => freshSince()],
  ['for what is due', (reader, since) => findDue(reader, 'delivery', [{ name: 'send-welcome', since }]), now],
  [
    'to lease what is due',
    (reader, since) => leaseDeliveries(reader, 'send-welcome', { limit: 10, leaseMs: 1, since }),
    now,
  ],
])(
  'a look %s that begins where the last one ended reads nothing of what has passed through',
  async (_what, look, last) => {
    const since = await last()
    const full = await blocksReadBy((reader) => look(reader))
    const bounded = await blocksReadBy((reader) => look(reader, since))
    expect(bounded).toBeLessThan(MAX_BLOCKS)
    // Otherwise this test could not fail.
    expect(full).toBeGreaterThan(5 * bounded)
  },
)

it('finds what comes after it all the same, and what is due later', async () => {
  const { since } = await fanOut(pool, WELCOME)
  const from = await now()
  await emitAll(url, { count: 2, notify: false })
  expect((await fanOut(pool, WELCOME, { since })).events).toBe(2)
  expect(await leaseDeliveries(pool, 'send-welcome', { limit: 10, leaseMs: 0, since: from })).toHaveLength(2)
  const grants = [{ consumer: 'send-welcome', attempts: 3, leaseMs: 1 }]
  const { since: leasesSince } = await reclaimDeliveries(pool, [], {})
  expect((await reclaimDeliveries(pool, grants, { since: from })).reclaimed).toHaveLength(2)
  expect((await reclaimDeliveries(pool, grants, { since: leasesSince })).reclaimed).toEqual([])
  expect(await leaseDeliveries(pool, 'send-welcome', { limit: 10, leaseMs: 0, since: from })).toHaveLength(2)
})
