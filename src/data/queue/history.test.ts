import { afterAll, beforeEach, describe, expect, it } from '@jest/globals'
import { attemptsOf, deliveriesOf, emit, emitAll, emptyOutbox, query } from '../../../services/relay/test-outbox.ts'
import { untilTrue } from '../../../test/support/until.ts'
import { createLog } from '../../kernel/index.ts'
import { testDatabase } from '../../testing/index.ts'
import { recordInInbox } from '../inbox.ts'
import { createPool } from '../postgres/pool.ts'
import { findUnarchived, recordArchived } from './archive.ts'
import { type Delivery, leaseDeliveries, type Settlement } from './deliveries.ts'
import { showEvent } from './events.ts'
import { fanOut } from './fan-out.ts'
import { dropHistory, type EndedDay, forgetDeadLetters, makeHistory, takeOverSettled } from './history.ts'
import { redrive } from './redrive.ts'
import { settleDeliveries } from './settle-deliveries.ts'

const WELCOME = [{ name: 'send-welcome', on: 'user.created' }]
const KEEP = { eventsDays: 30, keysHours: 24, deadLettersDays: 365, auditDays: 365 }
afterAll(() => pool.end())
const { ownerUrl: url } = testDatabase()
const pool = createPool(url, { log: createLog({ level: 'silent' }) })
beforeEach(async () => {
  await emptyOutbox(url)
  // Nothing is from before the history by day in this database.
  await untilTrue(async () => {
    await query(url, `select ebb.detach_history(name, interval '-1000 days') from ebb.history`)
    await query(url, 'select ebb.drop_detached(name) from ebb.history')
    return (await query(url, `select from pg_class where relispartition and relname like '%\\_before'`)).length === 0
  })
  await query(url, `update ebb.history set begins = '2020-01-01'`)
})

const leaseAll = () => leaseDeliveries(pool, 'send-welcome', { limit: 1_000, leaseMs: 60_000 })
const settle = (leased: readonly Delivery[], settlement: Settlement) =>
  settleDeliveries(
    pool,
    leased.map((delivery) => ({ delivery, settlement })),
  )
/** Drops what is over, again where a lock was not free at once: Postgres's own vacuum may hold one. */
async function drop(keep = KEEP, options = {}): Promise<readonly EndedDay[]> {
  const ended: EndedDay[] = []
  for (let isBusy = true; isBusy; ) {
    const round = await dropHistory(pool, keep, options)
    ended.push(...round.filter(({ outcome }) => outcome !== 'busy'))
    isBusy = round.some(({ outcome }) => outcome === 'busy')
  }
  return ended
}
/** Lets everything that happened on these days have happened so many days ago. */
async function age(days: number) {
  for (const [table, column] of [
    ['outbox', 'created_at'],
    ['attempt', 'started_at'],
  ])
    await query(url, `update ebb.${table} set ${column} = ${column} - $1 * interval '1 day'`, [days])
  await query(url, `update ebb.delivery set event_time = event_time - $1 * interval '1 day'`, [days])
}
const partsOf = async (table: string) =>
  (
    await query<{ part: string; rows: number }>(
      url,
      `select tableoid::regclass::text as part, count(*)::int as rows from ebb.${table} group by 1 order by 1`,
    )
  ).map(({ part, rows }) => [part.replace(/^ebb\.[a-z]+_/, '').replace(/^\d+$/, 'a day'), rows])
const BLOCKED = `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
/** Makes the part for the day that is so many days ago, as a relay did that day. */
const makePart = (daysAgo: number) =>
  query(
    url,
    `do $$ declare day timestamptz := date_trunc('day', now() at time zone 'UTC') at time zone 'UTC' - ${daysAgo} * interval '1 day'; name text;
     begin
       foreach name in array array['outbox', 'attempt'] loop
         execute format('create table ebb.%I (like ebb.%I including defaults including indexes)', name || to_char(day at time zone 'UTC', '"_"YYYYMMDD'), name || '_default');
         execute format('alter table ebb.%I attach partition ebb.%I for values from (%L) to (%L)', name, name || to_char(day at time zone 'UTC', '"_"YYYYMMDD'), day, day + interval '1 day');
       end loop;
     end $$`,
  )

describe('history by day', () => {
  it('has a part for each of the next days, made once however many relays ask, and what came before it is in it', async () => {
    await emit(url, { notify: false })
    expect(await partsOf('outbox')).toEqual([['default', 1]])
    // Postgres's own vacuum may hold a lock, for which none of them waits: a relay tries again at its next round.
    await untilTrue(async () => {
      const made = await Promise.allSettled([1, 2, 3].map(() => makeHistory(pool, 7)))
      return made.every(({ status }) => status === 'fulfilled')
    })
    const ahead = Object.fromEntries(await makeHistory(pool, 7))
    expect(ahead).toEqual({ attempt: 7, idempotency: 7, inbox: 7, outbox: 7 })
    expect(await partsOf('outbox')).toEqual([['a day', 1]])
    await emit(url, { notify: false })
    expect(await partsOf('outbox')).toEqual([['a day', 2]])
  })

  it('drops a day that is over for long enough, and nothing younger', async () => {
    await emitAll(url, { count: 20 })
    await fanOut(pool, WELCOME)
    await settle(await leaseAll(), { state: 'done', durationMs: 1, status: 204 })
    await makePart(30)
    await age(30)
    expect(await drop()).toEqual([])
    const dropped = await drop({ ...KEEP, eventsDays: 29 })
    expect(dropped.map(({ part, outcome, kept }) => [part.replace(/\d+/, ''), outcome, kept])).toEqual([
      ['attempt_', 'detached', 0],
      ['outbox_', 'detached', 0],
    ])
    expect([await partsOf('outbox'), await partsOf('attempt')]).toEqual([[], []])
  })

  it('drops what a relay took out before it was killed', async () => {
    await makePart(40)
    await query(url, `select ebb.detach_history('outbox', interval '30 days')`)
    const left = () =>
      query(url, `select from pg_class where relname ~ '^outbox_' and relkind = 'r' and not relispartition`)
    expect(await left()).toHaveLength(1)
    await untilTrue(async () => {
      await drop()
      return (await left()).length === 0
    })
  })

  it('never drops an event that waits, is on its way, or is dead: it outlives its day with its attempts', async () => {
    await makePart(40)
    const ids = await emitAll(url, { count: 4 })
    await fanOut(pool, WELCOME)
    const leased = await leaseAll()
    const [waits, dies, isDone] = [leased.slice(0, 1), leased.slice(1, 2), leased.slice(2, 3)]
    await settle(waits, { state: 'waiting', retryInMs: 0, durationMs: 1, status: 503 })
    await settle(dies, { state: 'dead', durationMs: 1, status: 400 })
    await settle(isDone, { state: 'done', durationMs: 1, status: 200 })
    await age(40)
    const ended = await drop()
    expect(ended.map(({ outcome, kept }) => [outcome, kept])).toEqual([
      ['detached', 2],
      ['detached', 3],
    ])
    expect(await partsOf('outbox')).toEqual([['default', 3]])
    const gone = isDone[0]?.eventId ?? ''
    expect(await showEvent(pool, gone)).toBeUndefined()
    expect(ids.filter((id) => id !== gone)).toHaveLength(3)
    const dead = dies[0]?.eventId ?? ''
    expect(await showEvent(pool, dead)).toMatchObject({ deliveries: [{ state: 'dead', history: [{ status: 400 }] }] })
    // Redriven, delivered, and then it may go.
    await redrive(pool, {}, { actor: 'ann', findIssues: () => [] })
    const again = await leaseAll()
    expect(again.map(({ eventId }) => eventId).sort()).toEqual([dead, waits[0]?.eventId].sort())
    await settle(again, { state: 'done', durationMs: 1, status: 200 })
    await drop()
    expect(await showEvent(pool, dead)).toBeUndefined()
    expect((await partsOf('outbox'))[0]).toEqual(['default', 1])
  })

  it('keeps a day with an event that no relay has seen yet', async () => {
    await makePart(40)
    await emit(url, { notify: false })
    await age(40)
    expect(await drop()).toMatchObject([{ outcome: 'detached' }, { outcome: 'open' }])
    expect((await fanOut(pool, WELCOME)).events).toBe(1)
    expect(await drop()).toMatchObject([{ outcome: 'detached', kept: 1 }])
    expect(await leaseAll()).toHaveLength(1)
  })

  it('keeps what a function takes in of a redriven event while its day is dropped', async () => {
    const [{ day = '' } = {}] = await query<{ day: string }>(
      url,
      `select to_char(now() at time zone 'UTC' - interval '40 days', 'YYYYMMDD') as day`,
    )
    await query(url, `create table ebb.inbox_${day} (like ebb.inbox_default including defaults including indexes)`)
    await query(
      url,
      `alter table ebb.inbox attach partition ebb.inbox_${day} for values from ('${day} 00:00Z') to ('${day} 24:00Z')`,
    )
    const id = await emit(url, { notify: false })
    await fanOut(pool, WELCOME)
    await age(40)
    // Long enough for a test to see that it waits.
    await query(url, `alter function ebb.detach_history set lock_timeout = '60s'`)
    const subscriber = await pool.connect()
    await subscriber.query('begin')
    await recordInInbox(subscriber, { consumer: 'send-welcome', source: 's', id, time: `${day}T12:00Z` })
    const dropping = drop()
    await untilTrue(async () => (await query(url, BLOCKED)).length > 0, { what: 'it waits for the subscriber' })
    await subscriber.query('commit')
    expect((await dropping).find(({ part }) => part === `inbox_${day}`)).toMatchObject({ outcome: 'detached', kept: 1 })
    expect(
      await recordInInbox(subscriber, { consumer: 'send-welcome', source: 's', id, time: `${day}T12:00Z` }),
    ).toEqual([])
    subscriber.release()
    await query(url, `alter function ebb.detach_history set lock_timeout = '20ms'`)
    await query(url, 'truncate ebb.inbox')
  })

  it('keeps a day that is not archived where it has to be, and whatever is younger', async () => {
    await query(url, 'truncate ebb.archived_day')
    await makePart(40)
    await emit(url)
    await fanOut(pool, WELCOME)
    await settle(await leaseAll(), { state: 'done', durationMs: 1, status: 204 })
    await age(40)
    const [day = ''] = await findUnarchived(pool)
    expect(Math.round((Date.now() - Date.parse(day)) / 86_400_000)).toBeGreaterThanOrEqual(40)
    expect(await findUnarchived(pool, { before: day })).toEqual([])
    expect(await drop(KEEP, { unarchived: day })).toEqual([])
    expect(await recordArchived(pool, day)).toBe(true)
    const [next] = await findUnarchived(pool)
    expect(next).toBeUndefined()
    expect((await drop(KEEP, { unarchived: next })).map(({ outcome }) => outcome)).toEqual(['detached', 'detached'])
  })

  it('waits for no lock: a day that somebody reads stays until the next time', async () => {
    await makePart(40)
    const reader = await pool.connect()
    await reader.query('begin; select from ebb.outbox limit 1')
    expect((await dropHistory(pool, KEEP)).at(-1)).toMatchObject({ outcome: 'busy' })
    await reader.query('commit')
    reader.release()
    expect((await drop()).at(-1)).toMatchObject({ outcome: 'detached' })
  })

  it('forgets no dead letter that an operator redrives meanwhile', async () => {
    await emit(url, { notify: false })
    await fanOut(pool, WELCOME)
    await settle(await leaseAll(), { state: 'dead', durationMs: 1, status: 400 })
    await query(url, `update ebb.delivery set settled_at = now() - interval '366 days'`)
    const operator = await pool.connect()
    await operator.query(`begin; update ebb.delivery set state = 'waiting', available_at = now()`)
    expect(await forgetDeadLetters(pool, KEEP)).toBe(0)
    await operator.query('commit')
    operator.release()
    expect(await leaseAll()).toHaveLength(1)
  })

  it('forgets dead letters after their own time, and takes over what a relay of 0.2 has settled', async () => {
    const [old = ''] = await emitAll(url, { count: 2 })
    await fanOut(pool, WELCOME)
    const leased = await leaseAll()
    await settle(leased, { state: 'dead', durationMs: 1, status: 400 })
    await query(url, `update ebb.delivery set settled_at = now() - interval '366 days' where event_id = $1`, [old])
    expect(await forgetDeadLetters(pool, KEEP)).toBe(1)
    await query(url, `update ebb.delivery set state = 'done'`)
    expect(await takeOverSettled(pool)).toBe(1)
    expect(await query(url, 'select from ebb.delivery')).toEqual([])
    const [done] = leased.filter(({ eventId }) => eventId !== old)
    expect(await deliveriesOf(url, done?.eventId ?? '')).toMatchObject([{ state: 'done', attempts: 1 }])
    expect(await attemptsOf(url, done?.eventId ?? '')).toHaveLength(1)
  })
})
