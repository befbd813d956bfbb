import { randomUUID } from 'node:crypto'
import { afterAll, beforeEach, expect, it } from '@jest/globals'
import pg from 'pg'
import { emptyOutbox, query } from '../../../services/relay/test-outbox.ts'
import { createLog, type OutgoingEvent } from '../../kernel/index.ts'
import { testDatabase } from '../../testing/index.ts'
import { appendEvents } from '../outbox.ts'
import { createPool } from '../postgres/pool.ts'
import { findDue } from './backlog.ts'
import { beginRate, leaseDeliveries, type Settlement } from './deliveries.ts'
import { fanOut } from './fan-out.ts'
import { releaseFirst } from './partitions.ts'
import { settleDeliveries } from './settle-deliveries.ts'

const NOTES = [{ name: 'take-note', on: 'note.made' }]
// Hooks run in the order in which they are declared: the pool closes before the database is dropped.
afterAll(() => pool.end())
const { ownerUrl: url } = testDatabase()
const pool = createPool(url, { max: 10, log: createLog({ level: 'silent' }) })
beforeEach(() => emptyOutbox(url))

const made = (n: number, more: Partial<OutgoingEvent> = {}): OutgoingEvent => ({
  ...{ id: randomUUID(), type: 'note.made', source: '/functions/make-note', data: n, traceparent: 't' },
  ...{ correlationId: 'c', callerId: 'ann', hops: 0, ...more },
})
/** Emits in a transaction of its own, which the returned function commits. */
async function emit(...events: OutgoingEvent[]): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('begin')
  await appendEvents(client, events)
  return async () => {
    await client.query('commit')
    await client.end()
  }
}
const emitNow = async (...events: OutgoingEvent[]) => (await emit(...events))()
const spread = async (limit?: number) => {
  const { partitions, events } = await fanOut(pool, NOTES, limit === undefined ? {} : { limit })
  await releaseFirst(pool, partitions)
  return events
}
const lease = async (limit = 100) => leaseDeliveries(pool, 'take-note', { limit, leaseMs: 60_000 })
type Leased = Awaited<ReturnType<typeof lease>>
const numbersOf = (leased: Leased) => leased.map(({ data }) => Number(data))
async function settle(leased: Leased, settlement: Settlement) {
  await settleDeliveries(
    pool,
    leased.map((delivery) => ({ delivery, settlement })),
  )
  await releaseFirst(
    pool,
    leased.flatMap(({ consumer, partition }) => (partition === null ? [] : [{ consumer, partition }])),
  )
}
const DONE: Settlement = { state: 'done', durationMs: 1, status: 204 }

it('leases the first of each partition, and the next when that one is done or dead', async () => {
  await emitNow(...[1, 2, 3].map((n) => made(n, { partition: 'a' })), made(10, { partition: 'b' }), made(20))
  await spread()
  const first = await lease()
  expect(numbersOf(first).sort()).toEqual([1, 10, 20].map(Number).sort())
  expect(await lease()).toEqual([])
  const [one = [], others] = [first.filter(({ data }) => data === '1'), first.filter(({ data }) => data !== '1')]
  await settle(others, DONE)
  expect(await lease()).toEqual([])
  await settle(one, { state: 'waiting', retryInMs: 0, durationMs: 1, status: 503 })
  const again = await lease()
  expect(numbersOf(again)).toEqual([1])
  await settle(again, { state: 'dead', durationMs: 1, status: 400 })
  const second = await lease()
  expect(numbersOf(second)).toEqual([2])
  await settle(second, DONE)
  expect(numbersOf(await lease())).toEqual([3])
})

it('keeps the order of commits, whichever transaction began first', async () => {
  const slow = new pg.Client({ connectionString: url })
  await slow.connect()
  // It has the lower transaction id, and emits later.
  await slow.query('begin; select pg_current_xact_id()')
  await emitNow(made(1, { partition: 'a' }))
  await appendEvents(slow, [made(2, { partition: 'a' })])
  await slow.query('commit')
  await slow.end()
  // One at a time: the first look finds the event of the older transaction, and takes those before it along.
  expect(await spread(1)).toBe(2)
  const first = await lease()
  expect(numbersOf(first)).toEqual([1])
  await settle(first, DONE)
  expect(numbersOf(await lease())).toEqual([2])
})

it('whoever emits to a partition waits for the transaction that did so before; another partition does not', async () => {
  const commit = await emit(made(1, { partition: 'a' }), made(2, { partition: 'z' }))
  const waiting = emitNow(made(4, { partition: 'z' }), made(3, { partition: 'a' }))
  await emitNow(made(5, { partition: 'b' }))
  await commit()
  await waiting
  await spread()
  const orderOf = async (partition: string) =>
    (
      await query<{ payload: number }>(
        url,
        'select payload from ebb.outbox where partition_key = $1 order by partition_number',
        [partition],
      )
    ).map(({ payload }) => payload)
  expect([await orderOf('a'), await orderOf('z'), await orderOf('b')]).toEqual([[1, 3], [2, 4], [5]])
})

it('a release that was lost with its relay is made up for by one of all', async () => {
  await emitNow(made(1, { partition: 'a' }), made(2, { partition: 'a' }))
  await fanOut(pool, NOTES)
  expect(await lease()).toEqual([])
  await releaseFirst(pool)
  expect(numbersOf(await lease())).toEqual([1])
})

it('delivers nothing before its time, in a partition neither what comes after it', async () => {
  const inAnHour = new Date(Date.now() + 3_600_000).toISOString()
  await emitNow(made(1, { dueAt: inAnHour }), made(2, { partition: 'a', dueAt: inAnHour }), made(3, { partition: 'a' }))
  await spread()
  expect(await lease()).toEqual([])
  const due = (await findDue(pool, 'delivery', [{ name: 'take-note' }])).get('take-note')
  expect(due?.inMs).toBeGreaterThan(3_500_000)
  expect(due?.inMs).toBeLessThanOrEqual(3_600_000)
})

it('leases as many as the rate allows, over all relays together', async () => {
  const rate = { requests: 10, perSeconds: 3_600, burst: 10 }
  await Promise.all([1, 2].map(() => beginRate(pool, 'take-note', rate)))
  await emitNow(...Array.from({ length: 30 }, (_, n) => made(n)))
  await spread()
  const take = () => leaseDeliveries(pool, 'take-note', { limit: 4, leaseMs: 60_000, rate })
  const leased = await Promise.all([1, 2, 3, 4].map(take))
  expect(leased.flat()).toHaveLength(10)
  expect(await take()).toEqual([])
  // A tenth of an hour is one more.
  await query(url, `update ebb.subscriber_rate set at = at - interval '13 minutes'`)
  expect(await take()).toHaveLength(2)
})

it('an event keeps its version, whether it comes alone, with others, or in a partition', async () => {
  await emitNow(made(1, { version: 2 }))
  await emitNow(made(2, { version: 2 }), made(3, { version: 2 }))
  await emitNow(made(4, { version: 2, partition: 'a' }))
  expect(await query(url, 'select version, count(*)::int as n from ebb.outbox group by 1')).toEqual([
    { version: 2, n: 4 },
  ])
})
