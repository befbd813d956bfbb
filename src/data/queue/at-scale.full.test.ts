import { afterAll, beforeAll, expect, it } from '@jest/globals'
import type pg from 'pg'
import { inheritedEnv } from '../../kernel/index.ts'
import { testDatabase } from '../../testing/index.ts'
import { listKeys } from '../keys/api-keys.ts'
import { createPool } from '../postgres/pool.ts'
import { collectLog } from '../test-support.ts'
import { listEvents } from './events.ts'
import { redrive } from './redrive.ts'

/** A quarter of them is more than any statement below may read. */
const EVENTS = inheritedEnv(['EBB_TEST_SCALE']).EBB_TEST_SCALE === 'full' ? 300_000 : 20_000
const DEAD = 40
const MAX_READ = 5_000

// Hooks run in the order in which they are declared: the pool closes before the database is dropped.
afterAll(() => pool.end())
const { ownerUrl } = testDatabase()
const pool = createPool(ownerUrl, { max: 1, log: collectLog().log })

beforeAll(async () => {
  // The oldest are dead, three come at each instant, and one in ten thousand is of another type.
  await pool.query(`
    insert into ebb.outbox (id, type, source, payload, traceparent, correlation_id, caller_id, created_at, fanned_out_at)
    select gen_random_uuid(), 'order.placed', 'place-order', '{}', 't', 'c', 'ann',
           timestamptz '2026-01-01' + n / 3 * interval '1 s', now()
    from generate_series(1, ${EVENTS}) as n;
    insert into ebb.delivery (event_id, consumer, state, attempts, settled_at, event_time)
    select id, 'send-mail', 'dead', 1, now(), created_at from ebb.outbox order by created_at, id limit ${DEAD};
    insert into ebb.attempt (event_id, consumer, number, started_at, duration_ms, status, traceparent, outcome)
    select id, 'send-mail', 1, created_at, 1, 204, 't', 'done' from ebb.outbox
    where not exists (select from ebb.delivery where event_id = id);
    insert into ebb.api_key (id, subject, prefix, hmac, scopes, created_at)
    select gen_random_uuid(), 'customer-' || n, 'p' || n, sha256(n::text::bytea), '{}', timestamptz '2026-01-01' + n / 3 * interval '1 s'
    from generate_series(1, ${EVENTS}) as n;
    analyze`)
})

interface Plan {
  readonly 'Node Type': string
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly Plan[]
}

/** Runs it, and returns how many rows the statements that it sent have read, by their plans. */
async function rowsReadBy(work: (pool: pg.Pool) => Promise<unknown>): Promise<number> {
  let read = 0
  const explained = async (text: string, values: readonly unknown[] = []) => {
    const { rows } = await pool.query(`explain (analyze, format json) ${text}`, [...values])
    read += readBy(rows[0]['QUERY PLAN'][0].Plan)
    return pool.query(text, [...values])
  }
  await work(Object.assign(Object.create(pool), { query: explained }))
  return read
}

function readBy(plan: Plan): number {
  const { 'Node Type': type, 'Actual Rows': rows, 'Actual Loops': loops, Plans = [] } = plan
  const own = /Scan$/.test(type) ? (rows + (plan['Rows Removed by Filter'] ?? 0)) * loops : 0
  return Plans.reduce((sum, inner) => sum + readBy(inner), own)
}

/** The cursor of a page in the middle of all. */
async function middleCursor(): Promise<string> {
  const at = `${new Date(Date.UTC(2026, 0, 1) + (EVENTS / 6) * 1_000).toISOString().slice(0, 19)}.000000Z`
  return Buffer.from(`${at} 00000000-0000-0000-0000-000000000000`).toString('base64url')
}

it.each<[string, (pool: pg.Pool) => Promise<unknown>]>([
  ['the first page of events', (pool) => listEvents(pool)],
  ['a page of events far back', async (pool) => listEvents(pool, { before: await middleCursor() })],
  [
    'a page far back of one type',
    async (pool) => listEvents(pool, { before: await middleCursor(), type: 'order.placed' }),
  ],
  ['the done ones', (pool) => listEvents(pool, { state: 'done' })],
  ['the dead ones, which are the oldest', (pool) => listEvents(pool, { state: 'dead' })],
  ['the dead ones of a type', (pool) => listEvents(pool, { state: 'dead', type: 'order.placed' })],
  ['the dead ones of a type that has none', (pool) => listEvents(pool, { state: 'dead', type: 'order.lost' })],
  ['the dead ones from the middle', async (pool) => listEvents(pool, { state: 'dead', before: await middleCursor() })],
  ['the waiting ones, of which there are none', (pool) => listEvents(pool, { state: 'waiting' })],
  ['the leased ones, of which there are none', (pool) => listEvents(pool, { state: 'leased' })],
  ['a page of keys far back', async (pool) => listKeys(pool, { before: await middleKey() })],
  ['the keys of one subject', (pool) => listKeys(pool, { subject: 'customer-7' })],
])('%s read few of all rows', async (_what, work) => {
  expect(await rowsReadBy(work)).toBeLessThan(MAX_READ)
})

async function middleKey(): Promise<string> {
  const { rows } = await pool.query(`select id from ebb.api_key where subject = 'customer-' || ${EVENTS / 2}`)
  return rows[0].id
}

it('lists in pages of one state what one list has, in the same order', async () => {
  const all = (await listEvents(pool, { state: 'dead', limit: 500 })).events.map(({ id }) => id)
  const paged: string[] = []
  for (let before: string | undefined, more = true; more; more = before !== undefined) {
    const page = await listEvents(pool, { state: 'dead', limit: 7, before })
    paged.push(...page.events.map(({ id }) => id))
    before = page.next
  }
  expect([paged, all.length]).toEqual([all, DEAD])
})

it('reads few of all rows for a redrive', async () => {
  const options = { actor: 'ann', findIssues: () => [], dryRun: true }
  const sent: (readonly [string, readonly unknown[]])[] = []
  const connect = async () => {
    const client = await pool.connect()
    const query = client.query.bind(client) as (...given: unknown[]) => Promise<unknown>
    const noted = (text: string, values: readonly unknown[] = []) => {
      sent.push([text, values])
      return query(text, [...values])
    }
    return Object.assign(Object.create(client), { query: noted, release: () => client.release() })
  }
  await redrive(Object.assign(Object.create(pool), { connect }), { type: 'order.placed', limit: 5 }, options)
  const statement = sent.find(([text]) => /delivery/.test(text))
  expect(await rowsReadBy((pool) => pool.query(statement?.[0] ?? '', [...(statement?.[1] ?? [])]))).toBeLessThan(
    MAX_READ,
  )
})
