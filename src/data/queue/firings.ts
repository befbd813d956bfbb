import type pg from 'pg'
import type { Correlation } from '../../kernel/index.ts'
import { inTransaction } from '../postgres/pool.ts'

/** A schedule's cron in its time zone. */
export interface Rule {
  readonly name: string
  readonly cron: string
  readonly timeZone: string
}

/** What is decided about one time of a schedule. */
export interface Firing {
  /** The time that its cron names, in whole milliseconds. */
  readonly plannedAt: Date
  /** `fired` is an event, `waiting` one that is to follow another, and the rest is none. */
  readonly state: 'fired' | 'waiting' | 'skipped' | 'missed'
  /** Whether an operator had it fire. */
  readonly manual: boolean
}

/** What the database knows of a schedule before something is decided about it, by its clock. */
export interface Progress {
  readonly now: Date
  /** Whether the last firing is neither done nor dead. */
  readonly inFlight: boolean
  /** The firings that wait, the oldest first. */
  readonly waiting: readonly Firing[]
}

/** The events of firings. */
export interface FiredEvents {
  readonly type: string
  /** On whose behalf. */
  readonly callerId: string
  readonly newEvent: () => Correlation & { readonly id: string }
}

/** How many firings of a schedule may wait for the one before. */
export const MAX_WAITING = 100
/** How many others of a schedule are remembered. */
const KEPT = 100

/** Finds when schedules fire next, and whether a firing waits; a null where the database does not know one yet. */
export async function findSchedules(pool: pg.Pool, rules: readonly Rule[]) {
  const { rows } = await pool.query<ScheduleRow>(findSchedulesSql, valuesOf(rules))
  return rows.map(({ now_ms, next_at_ms, has_waiting: hasWaiting, ...rest }) => ({
    rule: { name: rest.name, cron: rest.cron, timeZone: rest.time_zone },
    now: new Date(now_ms),
    nextAt: next_at_ms === null ? undefined : new Date(next_at_ms),
    hasWaiting,
  }))
}

interface ScheduleRow {
  readonly name: string
  readonly cron: string
  readonly time_zone: string
  readonly now_ms: number
  readonly next_at_ms: number | null
  readonly has_waiting: boolean
}

const valuesOf = (rules: readonly Rule[]) => [
  rules.map(({ name }) => name),
  rules.map(({ cron }) => cron),
  rules.map(({ timeZone }) => timeZone),
]

const msOf = (time: string) => `(extract(epoch from ${time}) * 1000)::float8`
const RULES = 'unnest($1::text[], $2::text[], $3::text[]) as rule (name, cron, time_zone)'

const findSchedulesSql = /* sql */ `
select name, cron, time_zone, ${msOf('clock_timestamp()')} as now_ms, ${msOf('next_at')} as next_at_ms,
       exists (select from ebb.firing where schedule = name and state = 'waiting') as has_waiting
from ${RULES} left join ebb.schedule using (name, cron, time_zone)`

/** Records schedules that are new, each with the first time that it fires. One that is known already stays as it is. */
export async function addSchedules(
  pool: pg.Pool,
  schedules: readonly (Rule & { readonly nextAt: Date })[],
): Promise<void> {
  const sql = `insert into ebb.schedule (name, cron, time_zone, next_at)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) on conflict do nothing`
  await pool.query(sql, [...valuesOf(schedules), schedules.map(({ nextAt }) => nextAt.toISOString())])
}

/** Records that this relay has these schedules, and forgets those that no relay has had for `afterMs`. */
export async function forgetSchedules(pool: pg.Pool, rules: readonly Rule[], afterMs: number): Promise<void> {
  await pool.query(
    `update ebb.schedule set seen_at = now() from ${RULES}
     where schedule.name = rule.name and schedule.cron = rule.cron and schedule.time_zone = rule.time_zone`,
    valuesOf(rules),
  )
  await pool.query('select ebb.forget_schedules($1, $2)', [afterMs, KEPT])
}

/**
 * Decides about a schedule, one relay at a time: `decide` gets the first time that nothing was decided about, and returns the firings and the next
 * such time. What it decides is recorded with the events of it, all or nothing. Resolves to undefined where another one is at it.
 */
export const decideFirings = (
  pool: pg.Pool,
  { events, decide, ...rule }: Rule & { readonly events: FiredEvents; readonly decide: Decide },
): Promise<readonly Firing[] | undefined> =>
  inTransaction(pool, async (client) => {
    const { rows: locks } = await client.query<{ taken: boolean }>(
      `select pg_try_advisory_xact_lock(${LOCK}) as taken`,
      [rule.name],
    )
    if (!locks[0]?.taken) return undefined
    const values = [rule.name, rule.cron, rule.timeZone]
    const sql = `select ${msOf('next_at')} as ms from ebb.schedule where name = $1 and cron = $2 and time_zone = $3`
    const { rows } = await client.query<{ ms: number }>(sql, values)
    if (!rows[0]) return undefined
    const { firings, nextAt } = decide({ ...(await findProgress(client, rule.name)), nextAt: new Date(rows[0].ms) })
    await recordFirings(client, rule.name, { firings, events })
    await client.query('update ebb.schedule set next_at = $4 where name = $1 and cron = $2 and time_zone = $3', [
      ...values,
      nextAt.toISOString(),
    ])
    return firings
  })

type Decide = (progress: Progress & { readonly nextAt: Date }) => {
  readonly firings: readonly Firing[]
  readonly nextAt: Date
}

/** Has a schedule fire at once, in a transaction of the caller's: `decide` is asked as above, about no time of its cron's. */
export async function fireNow(
  client: pg.ClientBase,
  name: string,
  { events, decide }: { readonly events: FiredEvents; readonly decide: (progress: Progress) => Firing['state'] },
): Promise<Firing & { readonly eventId: string | undefined }> {
  await client.query(`select pg_advisory_xact_lock(${LOCK})`, [name])
  const progress = await findProgress(client, name)
  const firing: Firing = { plannedAt: progress.now, state: decide(progress), manual: true }
  const [eventId] = await recordFirings(client, name, { firings: [firing], events })
  return { ...firing, eventId }
}

/** Held until the transaction ends, by whoever decides about the schedule. */
const LOCK = `hashtextextended('ebb.schedule ' || $1, 0)`

/** Read after the lock was taken, so that it holds what its last holder has decided. */
async function findProgress(client: pg.ClientBase, name: string): Promise<Progress> {
  const { rows } = await client.query<ProgressRow>(findProgressSql, [name])
  const [row] = rows
  if (!row) throw new Error('Postgres answered a select without a table by no row')
  const waiting = row.waiting.map(({ ms, manual }): Firing => ({ plannedAt: new Date(ms), state: 'waiting', manual }))
  return { now: new Date(row.now_ms), inFlight: row.in_flight, waiting }
}

interface ProgressRow {
  readonly now_ms: number
  readonly in_flight: boolean
  readonly waiting: readonly { readonly ms: number; readonly manual: boolean }[]
}

/** An event of a firing was emitted in the transaction that decided about it, and so at the same time: it is looked for in that day. */
const findProgressSql = /* sql */ `
select ${msOf("date_trunc('milliseconds', clock_timestamp())")} as now_ms,
  coalesce((
    select exists (
      select from ebb.outbox where id = fired.event_id and created_at = fired.decided_at and fanned_out_at is null
    ) or exists (
      select from ebb.delivery
      where delivery.event_id = fired.event_id and consumer = $1 and state in ('waiting', 'leased')
    )
    from (
      select event_id, decided_at from ebb.firing where schedule = $1 and state = 'fired'
      order by planned_at desc
      limit 1
    ) as fired
  ), false) as in_flight,
  (
    select coalesce(jsonb_agg(jsonb_build_object('ms', ${msOf('planned_at')}, 'manual', manual) order by planned_at), '[]')
    from ebb.firing where schedule = $1 and state = 'waiting'
  ) as waiting`

/** Records firings and emits their events. Returns the ids of those. */
async function recordFirings(
  client: pg.ClientBase,
  name: string,
  {
    firings,
    events: { type, callerId, newEvent },
  }: { readonly firings: readonly Firing[]; readonly events: FiredEvents },
): Promise<readonly string[]> {
  const given = firings.map(({ plannedAt, state, manual }) => {
    const data = { plannedAt: plannedAt.toISOString(), manual }
    return { ...data, state, ...(state === 'fired' ? { ...newEvent(), data } : {}) }
  })
  const values = [name, JSON.stringify(given), type, `/schedules/${name}`, callerId]
  const { rows } = await client.query<{ id: string }>(recordFiringsSql, values)
  return rows.map(({ id }) => id)
}

/**
 * $1 schedule, $2 a JSON array of firings with the ids of their events, $3 the type of those, $4 their source and $5 whose
 * they are. One that waited is fired; apart from that, a time that something was decided about stays as it is.
 */
const recordFiringsSql = /* sql */ `
with given as materialized (
  select * from jsonb_to_recordset($2) as given (
    "plannedAt" timestamptz, state text, manual boolean, id uuid, data jsonb, traceparent text, "correlationId" text
  )
),
recorded as (
  insert into ebb.firing (schedule, planned_at, state, event_id, manual)
  select $1, "plannedAt", state, id, manual from given
  on conflict (schedule, planned_at) do update
    set state = 'fired', event_id = excluded.event_id, decided_at = now()
    where firing.state = 'waiting' and excluded.state = 'fired'
  returning event_id
)
insert into ebb.outbox (id, type, source, payload, traceparent, correlation_id, caller_id, hops)
select id, $3, $4, data, traceparent, "correlationId", $5, 0
from given join recorded on event_id = id
returning id`
