import { rfc3339 } from './rfc3339.ts'

/** One event ($1) with its deliveries, and each one's attempts from the first to the last. */
export const showEventSql = /* sql */ `
select id, type, source, subject, ${rfc3339('created_at')} as created_at, payload, correlation_id, caller_id,
  traceparent,
  (
    select coalesce(jsonb_agg(jsonb_build_object(
      'consumer', consumer, 'state', state, 'attempts', attempts, 'availableAt', ${rfc3339('available_at')},
      'settledAt', ${rfc3339('settled_at')},
      'redriven', (
        select jsonb_build_object('at', ${rfc3339('redrive.at')}, 'by', actor, 'afterAttempt', forgiven)
        from ebb.redrive where redrive.id = redrive_id
      ),
      'history', (
        select coalesce(jsonb_agg(jsonb_build_object(
          'number', number, 'startedAt', ${rfc3339('started_at')}, 'durationMs', duration_ms, 'status', status,
          'error', error, 'body', body, 'revision', revision, 'traceparent', attempt.traceparent
        ) order by number), '[]')
        from ebb.attempt where attempt.event_id = delivery.event_id and attempt.consumer = delivery.consumer
      )
    ) order by consumer), '[]')
    from ebb.delivery where event_id = outbox.id
  ) as deliveries
from ebb.outbox where id = $1`
