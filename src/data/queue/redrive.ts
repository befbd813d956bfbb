import type pg from 'pg'
import type { ValidationIssue } from '../../contract/index.ts'
import { OUTBOX_CHANNEL } from '../outbox.ts'
import { inTransaction } from '../postgres/pool.ts'
import { toCamelCase } from '../values/read-rows.ts'
import { isItsEvent } from './its-event.ts'
import { inline, isInline, readDeadData } from './payloads.ts'

/** Which dead deliveries; a member that is left out allows all. */
export interface RedriveFilter {
  readonly type?: string | undefined
  readonly consumer?: string | undefined
  /** Of the event. */
  readonly id?: string | undefined
  /** RFC 3339, as `after`: the event was emitted before it. */
  readonly before?: string | undefined
  readonly after?: string | undefined
  /** At most so many, the oldest first. Default: 100. */
  readonly limit?: number
}

export interface DeadDelivery {
  readonly eventId: string
  readonly consumer: string
  readonly type: string
  /** Of the event's data. */
  readonly version: number
  readonly subject: string | null
  readonly payload: unknown
  readonly attempts: number
}

export interface RedriveOptions {
  /** The operator, for the audit. */
  readonly actor: string
  /** Another subscriber, such as a renamed one, which takes the place of the one that the filter must name then. */
  readonly to?: string | undefined
  /** What the subscriber's schema refuses in an event now; no issues where it fits. */
  readonly findIssues: (delivery: DeadDelivery) => readonly ValidationIssue[]
  readonly dryRun?: boolean
  /** At most so many a second to each subscriber. Default: no limit. */
  readonly perSecond?: number | undefined
  /**
   * Whether the first delivery of each subscriber is a canary: the others are held until it is done, and one that dies
   * again stops the rest. Default: true.
   */
  readonly stopOnFailure?: boolean
}

/**
 * What a redrive does with a delivery. `first` is the canary of its subscriber and goes at once; `follows` is held, dead,
 * and released when the canary is done; `redriven` goes at once, since there is no canary; `misfit` is rejected and stays
 * dead, since its subscriber's schema refuses the event.
 */
export type RedriveOutcome = 'first' | 'redriven' | 'follows' | 'misfit'

export interface Redriven {
  readonly dryRun: boolean
  readonly deliveries: readonly (Omit<DeadDelivery, 'payload' | 'subject' | 'version'> & {
    readonly outcome: RedriveOutcome
    /** Why it stays dead. */
    readonly faults: readonly ValidationIssue[]
  })[]
  /** Whether more deliveries are dead than the limit allowed to look at. */
  readonly more: boolean
}

/**
 * Sends dead deliveries on their way again, the oldest first: with a fresh allowance of attempts, and their history kept.
 * A delivery that its subscriber would refuse stays dead. A dry run changes nothing and returns what would happen.
 */
export async function redrive(
  pool: pg.Pool,
  { limit = 100, ...filter }: RedriveFilter,
  { actor, to, findIssues, dryRun = false, perSecond, stopOnFailure = true }: RedriveOptions,
): Promise<Redriven> {
  const { type, consumer, id, before, after } = filter
  const values = [type, consumer, id, before, after, limit + 1]
  const redriven = await inTransaction(pool, async (client) => {
    const { rows } = await client.query(dryRun ? findDeadSql : lockDeadSql, values)
    const found = rows.slice(0, limit).map((row) => toCamelCase<FoundDead>(row))
    const dead = found.map((delivery) => ({ ...delivery, consumer: to ?? delivery.consumer }))
    const existing = to === undefined ? new Set() : await findExistingDeliveries(client, to, dead)
    const judged: JudgedDelivery[] = []
    for (const [place, { isLarge, ...delivery }] of dead.entries()) {
      const faults = existing.has(delivery.eventId)
        ? [{ path: 'consumer', message: `${to} has this event already` }]
        : // One large one after the other: all of them together may be more than there is memory for.
          findIssues(
            isLarge ? { ...delivery, payload: await readDeadData(client, found[place] ?? delivery) } : delivery,
          )
      judged.push({ delivery, faults })
    }
    const deliveries = decideOutcomes(judged, { stopOnFailure })
    const sent = deliveries.filter(({ outcome }) => outcome !== 'misfit')
    if (!dryRun && sent.length > 0) {
      const events = sent.map(({ eventId }) => eventId)
      const consumers = sent.map((delivery) => consumer ?? delivery.consumer)
      const usedFilter = JSON.stringify({ ...filter, limit, to })
      await client.query(redriveDeliveriesSql, [events, consumers, actor, usedFilter, perSecond, stopOnFailure, to])
      if (to !== undefined) await copyInboxToSuccessor(client, { consumer, successor: to, events })
    }
    return { dryRun, deliveries, more: rows.length > limit }
  })
  if (!dryRun) await pool.query(`notify ${OUTBOX_CHANNEL}`)
  return redriven
}

/**
 * Dead deliveries, the oldest event first. Each filter may be null: $1 type, $2 consumer, $3 event id, $4 and $5 the
 * times that the event must be before and after. $6 deliveries at most.
 */
export const findDeadSql = /* sql */ `
select event_id, consumer, type, version, subject, ${inline('coalesce(edited, payload)')} as payload, not ${isInline} as is_large,
       attempts
from ebb.delivery join ebb.outbox on ${isItsEvent('delivery')}
where state = 'dead'
  and ($1::text is null or type = $1)
  and ($2::text is null or consumer = $2)
  and ($3::uuid is null or event_id = $3)
  and ($4::timestamptz is null or created_at < $4)
  and ($5::timestamptz is null or created_at > $5)
order by created_at, event_id, consumer
limit $6`

/** A dead letter without its data, where those are large. */
export type FoundDead = DeadDelivery & { readonly isLarge: boolean }

/** The same, locked for the rest of this transaction; leaves out what another redrive has locked. */
export const lockDeadSql = /* sql */ `${findDeadSql}
for update of delivery skip locked`

/**
 * Sends dead deliveries ($1 event ids, $2 consumers: parallel arrays, in order) on their way again, and records who did: $3
 * actor, $4 filter, $5 how many a second to each subscriber (or null), $6 whether to stop on a failure, $7 another
 * subscriber to send them to, with their history (or null). If they stop on a failure, only the first one of each
 * subscriber, its canary, goes; the others stay dead until it is done (`followRedriveSql`).
 */
const redriveDeliveriesSql = /* sql */ `
with made as (
  insert into ebb.redrive (actor, filter, per_second, stop_on_failure) values ($3, $4, $5, $6)
  returning id, per_second, stop_on_failure
),
given as materialized (
  select event_id, consumer, row_number() over (partition by consumer order by place) as rank
  from unnest($1::uuid[], $2::text[]) with ordinality as given (event_id, consumer, place)
),
redriven as (
  update ebb.delivery
  set consumer = coalesce($7, delivery.consumer),
      state = case when rank > 1 and stop_on_failure then 'dead' else 'waiting' end,
      settled_at = case when rank > 1 and stop_on_failure then settled_at end,
      available_at = now() + coalesce((rank - 1) / per_second, 0) * interval '1 s',
      forgiven = attempts, uncounted = 0, redrive_id = made.id, redrive_rank = rank
  from given cross join made
  where delivery.event_id = given.event_id and delivery.consumer = given.consumer
  returning delivery.event_id, delivery.consumer
),
moved as (
  update ebb.attempt set consumer = $7 from given
  where $7 is not null and attempt.event_id = given.event_id and attempt.consumer = given.consumer
),
recorded as (
  insert into ebb.audit (actor, action, subject)
  select $3, 'event.redriven', event_id || ' ' || consumer || ' ' || $4::jsonb from redriven
)
select id from made`

/**
 * What the end of a redriven delivery means for the others of the same redrive and subscriber that were not tried since:
 * SQL for more parts of a WITH in which `settled` holds the deliveries that just changed. When the canary is done, those
 * that it held are released; when one of them dies again, those that wait are dead again.
 */
export const followRedriveSql = /* sql */ `
ended as materialized (
  select distinct redrive.id, settled.consumer, settled.state = 'dead' as failed, per_second
  from settled join ebb.redrive on redrive.id = settled.redrive_id
  where stop_on_failure and (settled.state = 'dead' or (settled.state = 'done' and settled.redrive_rank = 1))
),
others as materialized (
  select delivery.event_id, delivery.consumer, failed, per_second
  from ended join ebb.delivery on delivery.redrive_id = ended.id and delivery.consumer = ended.consumer
  where attempts = forgiven + uncounted and (delivery.state = 'dead' or (delivery.state = 'waiting' and failed))
  for update of delivery skip locked
),
followed as (
  update ebb.delivery
  set state = case when failed then 'dead' else 'waiting' end,
      settled_at = case when failed then coalesce(settled_at, now()) end,
      available_at = now() + coalesce((redrive_rank - 1) / per_second, 0) * interval '1 s',
      redrive_id = case when not failed then redrive_id end
  from others
  where delivery.event_id = others.event_id and delivery.consumer = others.consumer
)`

/**
 * What a subscriber has processed of these events, and the effects that are still pending, counts for its successor as
 * well: what was done is not done twice.
 */
async function copyInboxToSuccessor(
  client: pg.ClientBase,
  { consumer, successor, events }: CopyInboxOptions,
): Promise<void> {
  await client.query('select ebb.take_place($1, $2, $3)', [consumer, successor, events])
}

interface CopyInboxOptions {
  readonly consumer: string | undefined
  readonly successor: string
  readonly events: readonly string[]
}

/** Finds the events of which this subscriber has a delivery. */
async function findExistingDeliveries(client: pg.ClientBase, consumer: string, dead: readonly DeadDelivery[]) {
  const { rows } = await client.query<{ event_id: string }>(
    'select event_id from ebb.delivery_state where consumer = $1 and event_id = any ($2::uuid[])',
    [consumer, dead.map(({ eventId }) => eventId)],
  )
  return new Set(rows.map(({ event_id }) => event_id))
}

interface JudgedDelivery {
  readonly delivery: DeadDelivery
  readonly faults: readonly ValidationIssue[]
}

function decideOutcomes(
  judged: readonly JudgedDelivery[],
  { stopOnFailure }: Required<Pick<RedriveOptions, 'stopOnFailure'>>,
): Redriven['deliveries'] {
  const withCanary = new Set<string>()
  const outcomeOf = (consumer: string): RedriveOutcome => {
    if (!stopOnFailure) return 'redriven'
    if (withCanary.has(consumer)) return 'follows'
    withCanary.add(consumer)
    return 'first'
  }
  return judged.map(({ delivery, faults }) => {
    const { payload: _payload, subject: _subject, version: _version, ...rest } = delivery
    return { ...rest, outcome: faults.length > 0 ? 'misfit' : outcomeOf(delivery.consumer), faults }
  })
}
