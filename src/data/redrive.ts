import type pg from 'pg'
import type { Fault } from '../contract/index.ts'
import { toCamelCase } from './camel-case.ts'
import { OUTBOX_CHANNEL } from './outbox.ts'
import { inTransaction } from './pool.ts'
import { findDeadSql, takeDeadSql } from './sql/find-dead.ts'
import { redriveDeliveriesSql } from './sql/redrive-deliveries.ts'

/** Which dead deliveries; each part that is left out allows all. */
export interface RedriveFilter {
  readonly type?: string | undefined
  readonly consumer?: string | undefined
  /** Of the event. */
  readonly id?: string | undefined
  /** RFC 3339, as the next: the event was emitted before it. */
  readonly before?: string | undefined
  readonly after?: string | undefined
  /** The oldest so many; 100 unless told. */
  readonly limit?: number
}

export interface DeadDelivery {
  readonly eventId: string
  readonly consumer: string
  readonly type: string
  readonly subject: string | null
  readonly payload: unknown
  readonly attempts: number
}

export interface RedriveOptions {
  /** Who does it. */
  readonly actor: string
  /** Another subscriber, which takes the place of the one that the filter must name then: one that was renamed. */
  readonly to?: string | undefined
  /** What its subscriber would refuse in an event now; none where it fits. */
  readonly judge: (delivery: DeadDelivery) => readonly Fault[]
  readonly dryRun?: boolean
  /** At most so many a second to each subscriber; as fast as they are taken unless told. */
  readonly perSecond?: number | undefined
  /** The first one of each subscriber goes alone, and the others after it is done; one that dies again stops the rest. */
  readonly stopOnFailure?: boolean
}

/** `first` and `redriven` go at once, `follows` when the first one is done, and `misfit` stays dead. */
export type RedriveOutcome = 'first' | 'redriven' | 'follows' | 'misfit'

export interface Redriven {
  readonly dryRun: boolean
  readonly deliveries: readonly (Omit<DeadDelivery, 'payload' | 'subject'> & {
    readonly outcome: RedriveOutcome
    /** Why it stays dead. */
    readonly faults: readonly Fault[]
  })[]
  /** Whether more is dead than the limit allowed to look at. */
  readonly more: boolean
}

/**
 * Sends dead deliveries on their way again, the oldest first: with a fresh allowance of attempts, and their history kept.
 * What its subscriber would refuse stays dead. A dry run only says what would be.
 */
export async function redrive(
  pool: pg.Pool,
  { limit = 100, ...filter }: RedriveFilter,
  { actor, to, judge, dryRun = false, perSecond, stopOnFailure = true }: RedriveOptions,
): Promise<Redriven> {
  const { type, consumer, id, before, after } = filter
  const values = [type, consumer, id, before, after, limit + 1]
  const redriven = await inTransaction(pool, async (client) => {
    const { rows } = await client.query(dryRun ? findDeadSql : takeDeadSql, values)
    const dead = rows.slice(0, limit).map((row) => toDead(row, to))
    const taken = to === undefined ? new Set() : await eventsOf(client, to, dead)
    const judgeAll = (delivery: DeadDelivery) =>
      taken.has(delivery.eventId) ? [{ path: 'consumer', message: `${to} has this event already` }] : judge(delivery)
    const deliveries = decide(dead, { judge: judgeAll, stopOnFailure })
    const going = deliveries.filter(({ outcome }) => outcome !== 'misfit')
    if (!dryRun && going.length > 0) {
      const events = going.map(({ eventId }) => eventId)
      const consumers = going.map((delivery) => consumer ?? delivery.consumer)
      const said = JSON.stringify({ ...filter, limit, to })
      await client.query(redriveDeliveriesSql, [events, consumers, actor, said, perSecond, stopOnFailure, to])
      if (to !== undefined) await client.query('select ebb.take_place($1, $2, $3)', [consumer, to, events])
    }
    return { dryRun, deliveries, more: rows.length > limit }
  })
  if (!dryRun) await pool.query(`notify ${OUTBOX_CHANNEL}`)
  return redriven
}

/** As it would be delivered. */
function toDead(row: Record<string, unknown>, to: string | undefined): DeadDelivery {
  const dead = toCamelCase<DeadDelivery>(row)
  return to === undefined ? dead : { ...dead, consumer: to }
}

/** Which of these events this subscriber has a delivery of. */
async function eventsOf(client: pg.ClientBase, consumer: string, dead: readonly DeadDelivery[]) {
  const { rows } = await client.query<{ event_id: string }>(
    'select event_id from ebb.delivery where consumer = $1 and event_id = any ($2::uuid[])',
    [consumer, dead.map(({ eventId }) => eventId)],
  )
  return new Set(rows.map(({ event_id }) => event_id))
}

function decide(
  dead: readonly DeadDelivery[],
  { judge, stopOnFailure }: Required<Pick<RedriveOptions, 'judge' | 'stopOnFailure'>>,
): Redriven['deliveries'] {
  const begun = new Set<string>()
  const outcomeOf = (consumer: string): RedriveOutcome => {
    if (!stopOnFailure) return 'redriven'
    if (begun.has(consumer)) return 'follows'
    begun.add(consumer)
    return 'first'
  }
  return dead.map((delivery) => {
    const { payload: _payload, subject: _subject, ...rest } = delivery
    const faults = judge(delivery)
    return { ...rest, outcome: faults.length > 0 ? 'misfit' : outcomeOf(delivery.consumer), faults }
  })
}
