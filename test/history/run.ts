/**
 * npm run e2e:history [-- --days 365 --events 1000]
 *
 * A year of history on a Postgres of its own, a day after the other: makes the parts of a day, fills them with events that are
 * done and two that are not, and drops what is over by then, as a relay does, while events are emitted and delivered beside it.
 * Fails where the size does not stay what it is after forty days, a lock was waited for longer than 50 ms, or an event that is
 * not done is gone.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { startDatabase } from '../../bench/measure/start-database.ts'
import { dropHistory, type EndedDay, makeHistory } from '../../src/data/queue/history.ts'
import { fillDay } from './fill-day.ts'
import { keepBusy } from './keep-busy.ts'
import { watchLocks } from './watch-locks.ts'

const { values } = parseArgs({
  options: { days: { type: 'string', default: '365' }, events: { type: 'string', default: '1000' } },
})
const [days, events] = [Number(values.days), Number(values.events)]
const KEEP_DAYS = 30
/** By then as many days are kept as ever. */
const STEADY_DAYS = 40
const MAX_LOCK_WAIT_MS = 50
/** Of each day, one event waits and one is dead. */
const OPEN_A_DAY = 2

await using database = await startDatabase()
const pool = new pg.Pool({ connectionString: database.url, max: 6 })
// A connection that is still ending when the server stops.
pool.on('error', () => {})
/** Of the days that have passed; today's part has what is emitted meanwhile. */
const mebibytes = async () => {
  const { rows } = await pool.query<{ bytes: number }>(
    `select coalesce(sum(pg_total_relation_size(oid)), 0)::float8 as bytes from pg_class
     where relispartition and relkind = 'r' and relname ~ '_[0-9]{8}$' and relname not like '%' || to_char(now() at time zone 'UTC', 'YYYYMMDD')`,
  )
  return Math.round((rows[0]?.bytes ?? 0) / 2 ** 20)
}
const openEvents = async () => {
  const { rows } = await pool.query<{ n: number }>(
    "select count(*)::int as n from ebb.delivery join ebb.outbox on id = event_id where consumer = 'open'",
  )
  return rows[0]?.n
}

// This database has no time before the history by day.
await pool.query("select ebb.detach_history(name, interval '-1000 days') from ebb.history")
await pool.query("update ebb.history set begins = '2000-01-01'")
await makeHistory(pool, 7)
const locks = await watchLocks(database.url)
const busy = keepBusy(pool)
const startedAt = performance.now()
const ended: EndedDay[] = []
let steady = Number.NaN
for (let daysAgo = days; daysAgo > 0; daysAgo--) {
  await fillDay(pool, { daysAgo, events, open: OPEN_A_DAY })
  const keep = {
    eventsDays: daysAgo + KEEP_DAYS,
    keysHours: (daysAgo + 1) * 24,
    deadLettersDays: 2 * days,
    auditDays: 365,
  }
  for (let isBusy = true; isBusy; await delay(5)) {
    const round = await dropHistory(pool, keep)
    ended.push(...round)
    isBusy = round.some(({ outcome }) => outcome === 'busy')
  }
  if (days - daysAgo === STEADY_DAYS) steady = await mebibytes()
}
const tookMs = performance.now() - startedAt
const delivered = await busy.stop()
const { longestMs, what, samples } = await locks.stop()

const dropped = ended.filter(({ outcome }) => outcome === 'detached')
const retried = ended.length - dropped.length
const after = await mebibytes()
console.log(
  `${days} days of ${events} events each in ${(tookMs / 1_000).toFixed(0)} s: ${dropped.length} parts dropped, ${retried} times tried again`,
)
console.log(
  `${steady} MiB of days that have passed after ${STEADY_DAYS} of them, ${after} MiB at the end; ${delivered} events were emitted and delivered meanwhile`,
)
console.log(`the longest wait for a lock was ${longestMs} ms (${samples} samples): ${what.replaceAll(/\s+/g, ' ')}`)
const open = await openEvents()
console.log(`${open} of ${days * OPEN_A_DAY} events that are not done are there`)
const isGood = longestMs <= MAX_LOCK_WAIT_MS && open === days * OPEN_A_DAY && after < 1.5 * steady
await pool.end()
if (!isGood) process.exitCode = 1
console.log(isGood ? 'passed' : 'FAILED')
