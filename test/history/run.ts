/**
 * npm run e2e:history [-- --days 365 --events 2000]
 *
 * A year of history on a Postgres of its own: makes a part for each day, fills it with events that are done and a few that are
 * not, and lets a relay's routine drop all that are over, while events are emitted and delivered beside it. Fails where the size
 * does not return, a lock was waited for longer than 50 ms, or an event that is not done is gone.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { startDatabase } from '../../bench/measure/start-database.ts'
import { dropHistory, makeHistory } from '../../src/data/queue/history.ts'
import { fillDay } from './fill-day.ts'
import { keepBusy } from './keep-busy.ts'
import { watchLocks } from './watch-locks.ts'

const { values } = parseArgs({
  options: { days: { type: 'string', default: '365' }, events: { type: 'string', default: '2000' } },
})
const [days, events] = [Number(values.days), Number(values.events)]
const KEEP = { eventsDays: 30, keysHours: 24, deadLettersDays: 365 }
const MAX_LOCK_WAIT_MS = 50
/** Of each day, one event waits and one is dead. */
const OPEN_A_DAY = 2

await using database = await startDatabase()
const pool = new pg.Pool({ connectionString: database.url, max: 6 })
const mebibytes = async () => {
  const { rows } = await pool.query<{ bytes: number }>('select pg_database_size(current_database())::float8 as bytes')
  return Math.round((rows[0]?.bytes ?? 0) / 2 ** 20)
}
const openEvents = async () => {
  const { rows } = await pool.query<{ n: number }>(
    "select count(*)::int as n from ebb.delivery join ebb.outbox on id = event_id where consumer = 'open'",
  )
  return rows[0]?.n
}

// This database has no time before the history by day.
await pool.query("select ebb.drop_history(name, interval '-1000 days') from ebb.history")
await pool.query("update ebb.history set begins = '2000-01-01'")
const empty = await mebibytes()
for (let daysAgo = days; daysAgo > 0; daysAgo--) await fillDay(pool, { daysAgo, events, open: OPEN_A_DAY })
await makeHistory(pool, 7)
await pool.query('vacuum analyze')
const full = await mebibytes()
console.log(`${days} days of ${events} events each: ${empty} MiB empty, ${full} MiB full`)

const locks = await watchLocks(database.url)
const busy = keepBusy(pool)
const startedAt = performance.now()
const ended = []
for (let left = true; left; ) {
  const round = await dropHistory(pool, KEEP)
  ended.push(...round)
  left = round.some(({ outcome }) => outcome === 'busy')
  if (left) await delay(20)
}
const tookMs = performance.now() - startedAt
const delivered = await busy.stop()
const { longestMs, samples } = await locks.stop()

const dropped = ended.filter(({ outcome }) => outcome === 'dropped')
const retried = ended.length - dropped.length
const after = await mebibytes()
console.log(
  `${dropped.length} parts dropped in ${(tookMs / 1_000).toFixed(1)} s, ${retried} times tried again; ${after} MiB left`,
)
console.log(
  `meanwhile ${delivered} events were emitted and delivered; the longest wait for a lock was ${longestMs} ms (${samples} samples)`,
)
const open = await openEvents()
console.log(`${open} of ${days * OPEN_A_DAY} events that are not done are there`)
const share = (after - empty) / (full - empty)
const isGood = longestMs <= MAX_LOCK_WAIT_MS && open === days * OPEN_A_DAY && share < (2 * KEEP.eventsDays) / days
await pool.end()
if (!isGood) process.exitCode = 1
console.log(isGood ? 'passed' : 'FAILED')
