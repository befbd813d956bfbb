import type pg from 'pg'

/** An event that a function took in the transaction whose changes are read: ebb.take_event writes it into the log. */
export interface TakenEvent {
  readonly consumer: string
  readonly id: string
  /** When it was emitted. */
  readonly time: string
}

/** What the changes of a transaction come from. */
export interface Cause {
  readonly hops: number
  readonly correlationId: string
  readonly traceparent: string
}

/** The prefix under which ebb.take_event writes. */
export const TAKEN_PREFIX = 'ebb'

/** Reads what ebb.take_event has written; undefined where it is something else. */
export function parseTakenEvent(content: string): TakenEvent | undefined {
  try {
    const { consumer, id, time } = Object(JSON.parse(content))
    return [consumer, id, time].every((one) => typeof one === 'string') ? { consumer, id, time } : undefined
  } catch {
    return undefined
  }
}

/** Finds the one of these events that most events have led to; undefined where none is in the outbox any more. */
export async function findCause(pool: pg.Pool, taken: readonly TakenEvent[]): Promise<Cause | undefined> {
  const { rows } = await pool.query<Cause>(
    `select hops, correlation_id as "correlationId", traceparent
     from unnest($1::text[], $2::timestamptz[]) as taken (id, time) join ebb.outbox on outbox.id = taken.id::uuid and created_at = time
     order by hops desc limit 1`,
    [taken.map(({ id }) => id), taken.map(({ time }) => time)],
  )
  return rows[0]
}
