import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { createLog } from 'ebb/kernel'
import { testDatabase } from 'ebb/testing'
import { Registry } from 'prom-client'
import { createPool } from '../../src/data/postgres/pool.ts'
import { databaseUrlFor } from '../../src/testing/test-database.ts'
import { fakeDatabaseClock } from '../../test/support/fake-database-clock.ts'
import { createScheduleMetrics } from './schedule-metrics.ts'
import { fireSchedules } from './schedules.ts'
import { query } from './test-outbox.ts'
import { closeLater, memoryLog, relayEnv, startSubscriber, subscription, until } from './test-support.ts'

// Hooks run in the order in which they are declared: the connections are gone before the database is dropped.
afterAll(async () => {
  await pool?.end()
  await clock?.close()
})
const { url } = testDatabase()

const MINUTE_MS = 60_000
const EVERY_MINUTE = { cron: '* * * * *', timeZone: 'UTC', missed: 'all', overlap: 'queue', jitterMs: 0 } as const

it('three relays of which one is killed again and again fire schedules exactly once a second', async () => {
  const { received, template } = await startSubscriber()
  const schedule = { ...EVERY_MINUTE, cron: '* * * * * *' }
  const names = ['count', 'sum', 'tidy']
  const env = await relayEnv(
    ...([url, template] as const),
    names.map((name) => subscription(name, { kind: 'schedule', on: `ebb.${name}.fired`, schedule })),
  )
  const startRelay = async () => {
    const child = spawn(process.execPath, ['services/relay/index.ts'], { env, stdio: ['pipe', 'pipe', 'ignore'] })
    closeLater(() => child.kill('SIGKILL'))
    for await (const line of createInterface({ input: child.stdout })) if (line.includes('relay ready')) break
    child.stdout.resume()
    return child
  }
  const plannedSeconds = async (name: string) => {
    const sql = 'select extract(epoch from planned_at)::int as second from ebb.firing where schedule = $1 order by 1'
    return (await query<{ second: number }>(url, sql, [name])).map(({ second }) => second)
  }
  const relays = await Promise.all([startRelay(), startRelay(), startRelay()])
  for (let kills = 0; kills < 8; kills++) {
    relays.shift()?.kill('SIGKILL')
    relays.push(await startRelay())
  }
  for (const name of names) {
    await until('seven seconds are decided about', async () => (await plannedSeconds(name)).length >= 7)
    const planned = await plannedSeconds(name)
    const [first = 0] = planned
    expect(planned).toEqual(planned.map((_, n) => first + n))
  }
  const events = await query<{ schedule: string; planned: string }>(
    url,
    "select source as schedule, payload ->> 'plannedAt' as planned from ebb.outbox",
  )
  const fired = await query(url, "select from ebb.firing where state = 'fired'")
  expect(new Set(events.map(({ schedule, planned }) => schedule + planned)).size).toBe(events.length)
  expect(events.length - fired.length).toBeLessThanOrEqual(names.length)
  await until('each is delivered', () => names.every((name) => received.some((one) => one.url === `/${name}/`)))
})

/** A night in which clocks change, and a time that they leave out or show twice, with when that fires. */
const NIGHTS = [
  ['Europe/Berlin', '2026-03-29T00:45:00Z', '30 2 * * *', '2026-03-29T01:00:00.000Z'],
  ['Europe/Berlin', '2026-10-25T00:15:00Z', '30 2 * * *', '2026-10-25T00:30:00.000Z'],
  ['Australia/Lord_Howe', '2026-04-04T14:40:00Z', '45 1 * * *', '2026-04-04T14:45:00.000Z'],
] as const

let clock: Awaited<ReturnType<typeof fakeDatabaseClock>>
let pool: ReturnType<typeof createPool>
beforeAll(async () => {
  clock = await fakeDatabaseClock(databaseUrlFor('relay', url), '2026-01-01T00:00:00Z')
  pool = createPool(clock.url, { log: createLog({ level: 'silent' }) })
})

it.each(NIGHTS)('in the night of %s from %s, each minute and %s fire once', async (timeZone, from, cron, daily) => {
  await query(url, 'truncate ebb.outbox, ebb.delivery, ebb.attempt, ebb.schedule, ebb.firing')
  const minuteAt = (minute: number) => new Date(new Date(from).getTime() + minute * MINUTE_MS)
  await clock.set(minuteAt(0))
  const crons = { minutely: '* * * * *', daily: cron }
  const subscriptions = Object.entries(crons).map(([name, cron]) =>
    subscription(name, { kind: 'schedule', on: `ebb.${name}.fired`, schedule: { ...EVERY_MINUTE, cron, timeZone } }),
  )
  const timesOf = async (name: string) => {
    const sql = 'select planned_at as at from ebb.firing where schedule = $1 order by planned_at'
    const { rows } = await pool.query<{ at: string }>(sql, [name])
    return rows.map(({ at }) => new Date(at).toISOString())
  }
  const relays = [1, 2, 3].map(() =>
    fireSchedules({
      ...{ pool, subscriptions: () => subscriptions, forgetAfterMs: 600_000, pollMs: 5, wake: () => {} },
      ...{ log: memoryLog(), metrics: createScheduleMetrics([new Registry()]) },
    }),
  )
  try {
    await until('they are known', async () => (await query(url, 'select from ebb.schedule')).length === 2)
    const minutes = Array.from({ length: 60 }, (_, n) => n + 1)
    for (const minute of minutes) {
      await clock.set(minuteAt(minute))
      await until(`minute ${minute}`, async () => (await timesOf('minutely')).length === minute)
    }
    expect(await timesOf('minutely')).toEqual(minutes.map((minute) => minuteAt(minute).toISOString()))
    expect(await timesOf('daily')).toEqual([daily])
  } finally {
    await Promise.all(relays.map(({ stop }) => stop()))
  }
})
