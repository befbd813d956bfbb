import type pg from 'pg'
import type { ValidationIssue } from '../../contract/index.ts'
import { inTransaction } from '../postgres/pool.ts'
import { toCamelCase } from '../values/read-rows.ts'
import { isItsEvent } from './its-event.ts'
import { type DeadDelivery, type FoundDead, findDeadSql, lockDeadSql, type RedriveFilter } from './redrive.ts'

interface Edit extends Pick<DeadDelivery, 'eventId' | 'consumer'> {
  readonly data: unknown
  /** The operator, for the audit. */
  readonly actor: string
  /** What the subscriber's schema refuses; no issues where it fits. */
  readonly findIssues: (delivery: DeadDelivery) => readonly ValidationIssue[]
  /** Whether nothing is to be changed. */
  readonly dryRun?: boolean
}

/**
 * Replaces the data of a dead letter for its subscriber; the event stays as it was emitted, and the audit has both. Returns the
 * issues for which nothing was changed, none where it was.
 */
export function editDead(
  pool: pg.Pool,
  { eventId, consumer, data, actor, findIssues, dryRun = false }: Edit,
): Promise<'not-found' | 'not-dead' | readonly ValidationIssue[]> {
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query(findOneSql, [eventId, consumer])
    const [row] = rows
    if (!row) return 'not-found'
    const { state, ...dead } = toCamelCase<DeadDelivery & { readonly state: string }>(row)
    if (state !== 'dead') return 'not-dead'
    const issues = findIssues({ ...dead, payload: data })
    if (dryRun || issues.length > 0) return issues
    const values = [
      eventId,
      consumer,
      JSON.stringify(data),
      actor,
      JSON.stringify({ before: dead.payload, after: data }),
    ]
    await client.query(editSql, values)
    return []
  })
}

/** A delivery that is over is found, too, and cannot be locked. $1 event, $2 subscriber. */
const findOneSql = /* sql */ `
with live as (
  select event_id, consumer, state, type, version, subject, coalesce(edited, payload) as payload, attempts
  from ebb.delivery join ebb.outbox on ${isItsEvent('delivery')}
  where event_id = $1 and consumer = $2
  for update of delivery
)
select * from live
union all
select event_id, consumer, state, '', 1, null, null, attempts from ebb.delivery_state
where event_id = $1 and consumer = $2 and not exists (select from live)
limit 1`

const editSql = /* sql */ `
with edited as (update ebb.delivery set edited = $3 where event_id = $1 and consumer = $2)
insert into ebb.audit (actor, action, subject, detail) values ($4, 'event.edited', $1::text || ' ' || $2, $5)`

export interface Dropped {
  readonly dryRun: boolean
  readonly deliveries: readonly Omit<DeadDelivery, 'payload' | 'subject' | 'version'>[]
  /** Whether more are dead than the limit allowed to look at. */
  readonly more: boolean
}

/** Gives dead letters up for good, the oldest first: their history says `dropped`, and the audit who did it and why. */
export function dropDead(
  pool: pg.Pool,
  { type, consumer, id, before, after, limit = 100 }: RedriveFilter,
  { actor, reason, dryRun }: { readonly actor: string; readonly reason: string; readonly dryRun: boolean },
): Promise<Dropped> {
  return inTransaction(pool, async (client) => {
    const values = [type, consumer, id, before, after, limit + 1]
    const { rows } = await client.query(dryRun ? findDeadSql : lockDeadSql, values)
    const deliveries = rows.slice(0, limit).map((row) => {
      const {
        payload: _payload,
        subject: _subject,
        version: _version,
        isLarge: _is,
        ...rest
      } = toCamelCase<FoundDead>(row)
      return rest
    })
    const ids = [deliveries.map(({ eventId }) => eventId), deliveries.map((one) => one.consumer)]
    if (!dryRun && deliveries.length > 0) await client.query(dropSql, [...ids, actor, JSON.stringify({ reason })])
    return { dryRun, deliveries, more: rows.length > limit }
  })
}

/** $1 events, $2 their subscribers (parallel arrays), $3 who does it, $4 why. */
const dropSql = /* sql */ `
with given as materialized (select * from unnest($1::uuid[], $2::text[]) as given (event_id, consumer)),
dropped as (
  delete from ebb.delivery using given
  where delivery.event_id = given.event_id and delivery.consumer = given.consumer
  returning delivery.event_id, delivery.consumer, attempts, forgiven, redrive_id
),
recorded as (
  update ebb.attempt set outcome = 'dropped', forgiven = dropped.forgiven, redrive_id = dropped.redrive_id from dropped
  where attempt.event_id = dropped.event_id and attempt.consumer = dropped.consumer and number = attempts
)
insert into ebb.audit (actor, action, subject, detail)
select $3, 'event.dropped', event_id || ' ' || consumer, $4::jsonb from dropped`
