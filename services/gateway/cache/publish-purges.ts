import type { Log } from 'ebb/kernel'
import type pg from 'pg'
import { createOutboxNotifier } from '../../../src/data/outbox.ts'
import { queryWithTimeout } from '../../../src/data/postgres/with-connection.ts'
import { insertPurges, type PurgeRow } from '../../../src/data/purges.ts'
import { oncePerSecond } from '../../../src/http/throttle-log.ts'

/** What a gateway has purged itself, on its way to the others. */
export interface PurgePublisher {
  readonly publish: (purge: PurgeRow) => void
  /** Sends what is due, and waits for it. */
  readonly close: () => Promise<void>
}

const INTERVAL_MS = 10
const RETRY_MS = 1_000
const INSERT_MS = 2_000
const MAX_WAITING = 10_000

/** Tells the other gateways of purges: one statement in 10 ms at most, again where it fails. No request waits for it. */
export function publishPurges(
  pool: pg.Pool,
  { origin, log }: { readonly origin: string; readonly log: Pick<Log, 'warn'> },
): PurgePublisher {
  const notifier = createOutboxNotifier(pool)
  const warn = oncePerSecond((times: number, error: unknown) =>
    log.warn({ err: error, times }, 'other gateways cannot be told of a purge; trying again'),
  )
  let waiting: PurgeRow[] = []
  let due: NodeJS.Timeout | undefined
  let sending: Promise<void> = Promise.resolve()
  let closed = false
  const schedule = (ms: number) => {
    due ??= setTimeout(send, ms)
  }
  const send = () => {
    due = undefined
    const purges = waiting
    waiting = []
    sending = sending.then(async () => {
      try {
        await queryWithTimeout(pool, INSERT_MS, (client) => insertPurges(client, purges, origin))
        notifier.notify('purges')
      } catch (error) {
        warn(error)
        waiting = [...purges, ...waiting].slice(-MAX_WAITING)
        if (!closed) schedule(RETRY_MS)
      }
    })
  }
  return {
    publish: (purge) => {
      if (waiting.length >= MAX_WAITING) waiting.shift()
      waiting.push(purge)
      schedule(INTERVAL_MS)
    },
    close: async () => {
      closed = true
      if (due) {
        clearTimeout(due)
        send()
      }
      await sending
      await notifier.flush()
    },
  }
}
