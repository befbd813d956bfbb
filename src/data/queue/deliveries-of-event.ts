/** SQL that writes a timestamptz as RFC 3339 in UTC, to the microsecond as Postgres stores it. */
export const rfc3339 = (column: string): string =>
  `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

/**
 * SQL that selects the deliveries of a row of `outbox`. With the time, before which none of its deliveries was due, no older day is
 * read: clocks may differ by a minute.
 */
export const IS_OF_EVENT = "event_id = outbox.id and available_at > outbox.created_at - interval '1 minute'"

/** SQL of the deliveries of a row of `outbox`, each with its attempts from the first to the last, as a JSON array. */
export const DELIVERIES_WITH_HISTORY = /* sql */ `(
    select coalesce(jsonb_agg(jsonb_build_object(
      'consumer', consumer, 'state', state, 'attempts', attempts, 'availableAt', ${rfc3339("nullif(available_at, 'infinity')")},
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
        from ebb.attempt
        where attempt.event_id = delivery_state.event_id and attempt.consumer = delivery_state.consumer
          and attempt.started_at > outbox.created_at - interval '1 minute'
      )
    ) order by consumer), '[]')
    from ebb.delivery_state where ${IS_OF_EVENT}
  )`
