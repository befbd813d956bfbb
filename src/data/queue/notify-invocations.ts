import type pg from 'pg'
import { queryWithTimeout } from '../postgres/with-connection.ts'

/** The channel of the NOTIFY that tells gateways which calls have changed: their ids, with commas between them. */
export const INVOCATIONS_CHANNEL = 'ebb_invocations'

const MIN_INTERVAL_MS = 10
const TIMEOUT_MS = 2_000
/** A payload has less than 8,000 bytes. */
const MAX_IDS = 200

export interface InvocationNotifier {
  /** Tells of it soon; returns at once. */
  changed(id: string): void
  /** Tells what is due and waits for it. */
  flush(): Promise<void>
}

/**
 * Tells gateways which calls have changed, at most once in 10 ms and outside any transaction: Postgres serialises commits that
 * notify. What is lost, gateways find by looking themselves.
 */
export function createInvocationNotifier(pool: pg.Pool): InvocationNotifier {
  const changed = new Set<string>()
  let due: NodeJS.Timeout | undefined
  let sentAt = -MIN_INTERVAL_MS
  let sending: Promise<unknown> = Promise.resolve()
  const send = () => {
    due = undefined
    sentAt = performance.now()
    const ids = [...changed]
    changed.clear()
    const payloads = Array.from({ length: Math.ceil(ids.length / MAX_IDS) }, (_, i) =>
      ids.slice(i * MAX_IDS, (i + 1) * MAX_IDS).join(),
    )
    sending = queryWithTimeout(pool, TIMEOUT_MS, (client) =>
      client.query('select pg_notify($1, payload) from unnest($2::text[]) as payload', [INVOCATIONS_CHANNEL, payloads]),
    ).catch(() => {})
  }
  return {
    changed: (id) => {
      changed.add(id)
      due ??= setTimeout(send, Math.max(0, sentAt + MIN_INTERVAL_MS - performance.now()))
    },
    flush: async () => {
      if (due) {
        clearTimeout(due)
        send()
      }
      await sending
    },
  }
}
