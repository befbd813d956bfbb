import type pg from 'pg'
import type { CallRecord, EventRecord } from '../../protocol/story/evidence.ts'
import { toCamelCase } from '../values/read-rows.ts'
import { DELIVERIES_WITH_HISTORY, rfc3339 } from './deliveries-of-event.ts'

/** What the database knows of a request: its events with their deliveries, and the asynchronous calls that it stored. */
export interface Related {
  readonly events: readonly EventRecord[]
  readonly calls: readonly CallRecord[]
}

/** Of one request; a correlation id may be that of many. */
const MAX_ROWS = 50

/** Finds what belongs to these correlation ids, or has one of these ids itself. */
export async function findRelated(pool: pg.Pool, ids: readonly string[]): Promise<Related> {
  const values = [ids, ids.filter((id) => UUID.test(id)), MAX_ROWS, ids.filter((id) => TRACE_ID.test(id)), NEWEST]
  const [events, calls] = await Promise.all([pool.query(EVENTS, values), pool.query(CALLS, values.slice(0, 3))])
  return {
    events: events.rows.map((row) => toCamelCase<EventRecord>(row)),
    calls: calls.rows.map((row) => toCamelCase<CallRecord>(row)),
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const TRACE_ID = /^[0-9a-f]{32}$/
/** Among how many events one is looked for by its trace, for which there is no index. */
const NEWEST = 10_000
const ITS_TRACE = `split_part(traceparent, '-', 2)`

const EVENTS = /* sql */ `
select id, type, source, ${rfc3339('created_at')} as created_at, correlation_id, ${ITS_TRACE} as trace_id,
  ${DELIVERIES_WITH_HISTORY} as deliveries
from ebb.outbox
where correlation_id = any($1) or id = any($2::uuid[]) or cardinality($4::text[]) > 0 and id in (
  select id from (select id, traceparent from ebb.outbox order by created_at desc limit $5) as newest
  where ${ITS_TRACE} = any($4)
)
order by outbox.created_at, id limit $3`

const CALLS = /* sql */ `
select id, function, method, target, caller, state, status, ${rfc3339('created_at')} as created_at, correlation_id,
  ${ITS_TRACE} as trace_id,
  (
    select coalesce(jsonb_agg(jsonb_build_object(
      'number', number, 'startedAt', ${rfc3339('started_at')}, 'durationMs', duration_ms, 'status', attempt.status,
      'error', error, 'body', body
    ) order by number), '[]')
    from ebb.invocation_attempt as attempt where invocation_id = invocation.id
  ) as history
from ebb.invocation
where correlation_id = any($1) or id = any($2::uuid[])
order by invocation.created_at, id limit $3`
