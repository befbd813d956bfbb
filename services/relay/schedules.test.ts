import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createLog } from 'ebb/kernel'
import { testDatabase } from 'ebb/testing'
import { Registry } from 'prom-client'
import type { Schedule, Subscription } from '../../src/contract/index.ts'
import { createPool } from '../../src/data/postgres/pool.ts'
import { leaseDeliveries } from '../../src/data/queue/deliveries.ts'
import { fanOut } from '../../src/data/queue/fan-out.ts'
import { settleDeliveries } from '../../src/data/queue/settle-deliveries.ts'
import { databaseUrlFor } from '../../src/testing/test-database.ts'
import { fakeDatabaseClock } from '../../test/support/fake-database-clock.ts'
import { createScheduleMetrics } from './schedule-metrics.ts'
import { fireSchedules } from './schedules.ts'
import { query } from './test-outbox.ts'
import { memoryLog, startSubscriber, startTestRelay, subscription, until } from './test-support.ts'

const scheduled = (name: string, parts: Partial<Schedule> = {}): Subscription =>
  subscription(name, {
    ...{ kind: 'schedule', on: `ebb.${name}.fired` },
    schedule: { cron: '* * * * *', timeZone: 'UTC', missed: 'once', overlap: 'skip', jitterMs: 0, ...parts },
  })

const at = (minutes: number) => new Date(Date.UTC(2026, 0, 1, 12, minutes))
const minuteOf = (time: Date | string) => (new Date(time).getTime() - at(0).getTime()) / 60_000

// Hooks run in the order in which they are declared: the connections are gone before the database is dropped.
afterAll(async () => {
  await pool?.end()
  await clock?.close()
})
const { url } = testDatabase()
let clock: Awaited<ReturnType<typeof fakeDatabaseClock>>
let pool: ReturnType<typeof createPool>
beforeAll(async () => {
  clock = await fakeDatabaseClock(databaseUrlFor('relay', url), at(0).toISOString())
  pool = createPool(clock.url, { log: createLog({ level: 'silent' }) })
})

const running: { stop(): Promise<void> }[] = []
const stopAll = () => Promise.all(running.splice(0).map(({ stop }) => stop()))
afterEach(stopAll)
beforeEach(async () => {
  await query(url, 'truncate ebb.outbox, ebb.delivery, ebb.attempt, ebb.schedule, ebb.firing')
  await clock.set(at(0))
})

/** What fires the schedules of a relay. */
function start(subscriptions: readonly Subscription[], { forgetAfterMs = 600_000 } = {}) {
  const [log, registry] = [memoryLog(), new Registry()]
  const metrics = createScheduleMetrics([registry])
  const options = { subscriptions: () => subscriptions, forgetAfterMs, pollMs: 5, wake: () => {} }
  running.push(fireSchedules({ ...options, pool, log, metrics }))
  return { log, registry }
}

const known = (count: number) =>
  until(`${count} are known`, async () => (await query(url, 'select from ebb.schedule')).length === count)

/** The firings of a schedule, as the minutes that they were planned for, and what became of each. */
async function firings(name = 'count') {
  const rows = await query<{ planned_at: Date; state: string }>(
    url,
    'select planned_at, state from ebb.firing where schedule = $1 order by planned_at',
    [name],
  )
  return rows.map(({ planned_at: time, state }) => `${minuteOf(time)} ${state}`)
}

/** The events, as the minutes that they say. */
async function events(name = 'count') {
  const rows = await query<{ payload: { plannedAt: string } }>(
    url,
    'select payload from ebb.outbox where type = $1 order by created_at, payload',
    [`ebb.${name}.fired`],
  )
  return rows.map(({ payload }) => minuteOf(payload.plannedAt))
}

const untilFirings = (...expected: readonly string[]) =>
  until(expected.join(', '), async () => (await firings()).join() === expected.join())

/** Has the function of a schedule take what it is to get. */
async function take(state: 'done' | 'dead' | 'waiting') {
  await fanOut(pool, [{ name: 'count', on: 'ebb.count.fired' }])
  const leased = await leaseDeliveries(pool, 'count', { limit: 10, leaseMs: 60_000 })
  const settlement = { state, durationMs: 1, ...(state === 'waiting' ? { retryInMs: 3_600_000 } : {}) }
  await settleDeliveries(
    pool,
    leased.map((delivery) => ({ delivery, settlement })),
  )
}

it('however many relays there are, each time is one event, by the clock of the database', async () => {
  const relays = [1, 2, 3].map(() => start([scheduled('count', { overlap: 'queue' })]))
  await known(1)
  for (let minute = 1; minute <= 20; minute++) {
    await clock.set(at(minute))
    await until(`minute ${minute}`, async () => (await firings()).length === minute)
    await take('done')
  }
  await until('all are fired', async () => (await events()).length === 20)
  expect(await events()).toEqual(Array.from({ length: 20 }, (_, n) => n + 1))
  expect(relays.flatMap(({ log }) => log.linesOf('fired'))).toHaveLength(20)
})

describe('a schedule', () => {
  it('that is new starts from now, also where its cron has changed; the one before fires no more', async () => {
    await clock.set(at(30))
    start([scheduled('count')])
    await known(1)
    await stopAll()
    await clock.set(at(90))
    start([scheduled('count', { cron: '*/2 * * * *' })])
    await known(2)
    await clock.set(at(92))
    await untilFirings('92 fired')
  })

  it('that is gone for so long is forgotten with its firings, and is new where it comes back', async () => {
    start([scheduled('count')])
    await known(1)
    await clock.set(at(1))
    await untilFirings('1 fired')
    await stopAll()
    start([], { forgetAfterMs: 1 })
    await known(0)
    await untilFirings()
    await stopAll()
    await clock.set(at(5))
    start([scheduled('count')])
    await known(1)
    await clock.set(at(6))
    await untilFirings('6 fired')
  })

  it('fires no time twice where the clock of the database goes back', async () => {
    start([scheduled('count')])
    await known(1)
    for (const minute of [1, 0, 1, 2]) {
      await clock.set(at(minute))
      await until('it is read', async () => (await firings()).length >= Math.min(minute, 1))
      await take('done')
    }
    await untilFirings('1 fired', '2 fired')
    expect(await events()).toEqual([1, 2])
  })
})

it.each([
  ['skip', ['5 missed', '10 missed', '15 missed']],
  ['once', ['5 missed', '10 missed', '15 fired']],
  ['all', ['5 fired', '10 waiting', '15 waiting']],
] as const)('of what was missed while no relay ran, %s', async (missed, expected) => {
  const overlap = missed === 'all' ? 'queue' : 'skip'
  const subscriptions = [scheduled('count', { cron: '*/5 * * * *', missed, overlap })]
  start(subscriptions)
  await known(1)
  await stopAll()
  await clock.set(at(17))
  start(subscriptions)
  await untilFirings(...expected)
})

describe('while the firing before is not done', () => {
  it('a time is skipped, and said so; after a dead letter the next one fires', async () => {
    const { log, registry } = start([scheduled('count')])
    await known(1)
    await clock.set(at(1))
    await untilFirings('1 fired')
    await take('waiting')
    await clock.set(at(2))
    await untilFirings('1 fired', '2 skipped')
    await query(url, "update ebb.delivery set state = 'dead'")
    await clock.set(at(3))
    await untilFirings('1 fired', '2 skipped', '3 fired')
    expect(log.linesOf('a firing was skipped: the one before is not done')).toMatchObject([{ schedule: 'count' }])
    const metrics = await registry.metrics()
    expect(metrics).toContain('ebb_schedule_firings_total{schedule="count",state="skipped"} 1')
    expect(metrics).toContain('ebb_schedule_lateness_seconds_count{schedule="count"} 2')
    expect(metrics).toContain('ebb_schedule_overdue_seconds{schedule="count"} 0')
  })

  it('times queue, and follow one by one', async () => {
    start([scheduled('count', { overlap: 'queue' })])
    await known(1)
    for (const minute of [1, 2, 3]) {
      await clock.set(at(minute))
      await until(`minute ${minute}`, async () => (await firings()).length === minute)
    }
    expect(await firings()).toEqual(['1 fired', '2 waiting', '3 waiting'])
    await take('done')
    await untilFirings('1 fired', '2 fired', '3 waiting')
    await take('done')
    await untilFirings('1 fired', '2 fired', '3 fired')
    expect(await events()).toEqual([1, 2, 3])
  })
})

it('only the last firings are kept, and those that wait', async () => {
  start([scheduled('count')])
  await known(1)
  await stopAll()
  await query(
    url,
    `insert into ebb.firing (schedule, planned_at, state)
     select 'count', $1::timestamptz - n * interval '1 minute', 'skipped' from generate_series(1, 500) as n`,
    [at(0)],
  )
  await query(
    url,
    "update ebb.firing set state = 'waiting' where planned_at < $1::timestamptz - interval '490 minutes'",
    [at(0)],
  )
  start([scheduled('count')])
  await until('some are gone', async () => (await firings()).length < 500)
  expect((await firings()).filter((text) => text.endsWith('skipped'))).toHaveLength(100)
})

it('a relay delivers firings to the function of the schedule, and to no other', async () => {
  const { received, template } = await startSubscriber()
  const every = { cron: '* * * * * *', missed: 'all', overlap: 'queue' } as const
  await startTestRelay(url, template, { subscriptions: [scheduled('count', every), subscription('send-welcome')] })
  await until('two are delivered', () => received.length >= 2)
  const [first, second] = received
  expect([first?.url, first?.headers['ce-type'], first?.headers['ce-source'], first?.headers['ce-callerid']]).toEqual([
    ...['/count/', 'ebb.count.fired', '/schedules/count', 'relay'],
  ])
  const [one, two] = [first, second].map((given) => JSON.parse(given?.body ?? ''))
  expect([one.manual, Date.parse(two.plannedAt) - Date.parse(one.plannedAt)]).toEqual([false, 1_000])
})
