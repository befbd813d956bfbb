import { rfc3339 } from './rfc3339.ts'

export interface ListEventsQuery {
  /** Of one of its deliveries. */
  readonly state?: 'waiting' | 'leased' | 'done' | 'dead' | undefined
  readonly type?: string | undefined
  /** Time and id of the event to go on after. */
  readonly after?: readonly [createdAt: string, id: string] | undefined
  readonly limit: number
}

/**
 * The newest events and where their deliveries stand, as a text and its values. What is not asked for is not in it: a filter
 * that may be null is no condition that an index is found by. Nearly all are done, and are found as the newest are; the
 * other states begin at their deliveries, each at its own index, and cost what is in them. There is no index by type.
 */
export function listEventsSql({ state, type, after, limit }: ListEventsQuery) {
  const values: unknown[] = []
  const isRare = state !== undefined && state !== 'done'
  const at = (value: unknown) => `$${values.push(value)}`
  const conditions = [
    ...(state === 'done' ? [IS_DONE] : []),
    ...(type === undefined ? [] : [`type = ${at(type)}`]),
    ...(after ? [isAfter(at(after[0]), at(after[1]))] : []),
  ]
  const text = /* sql */ `
${isRare ? `with found as materialized (select distinct event_id from ebb.delivery where state = ${at(state)})` : ''}
select id, type, source, subject, ${rfc3339('created_at')} as created_at,
  (
    select coalesce(jsonb_agg(jsonb_build_object(
      'consumer', consumer, 'state', state, 'attempts', attempts, 'availableAt', ${rfc3339('available_at')}
    ) order by consumer), '[]')
    from ebb.delivery where event_id = outbox.id
  ) as deliveries
from ${isRare ? 'found join ebb.outbox on id = event_id' : 'ebb.outbox'}
${conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`}
order by outbox.created_at desc, id
limit ${at(limit)}`
  return { text, values }
}

/** A value, which is looked up for each event in turn; EXISTS may read all deliveries first. */
const IS_DONE = `(select true from ebb.delivery where event_id = outbox.id and state = 'done' limit 1)`

/** The first part bounds the walk of the index, whose columns go different ways; the second is exact. */
const isAfter = (time: string, id: string) =>
  `created_at <= ${time}::timestamptz and (created_at < ${time}::timestamptz or id > ${id}::uuid)`
