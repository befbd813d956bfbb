import { Problem } from 'ebb/contract'
import type { GatewayMetrics, ReceivedWebhooks } from 'ebb/http/gateway'
import type pg from 'pg'
import { createOutboxNotifier } from '../../src/data/outbox.ts'
import { queryWithTimeout } from '../../src/data/postgres/with-connection.ts'
import { acceptWebhook } from '../../src/data/queue/accept-webhook.ts'
import { createBulkhead } from './invocation-store.ts'

const TIMEOUT_MS = 2_000
/** More would not be stored in time, and are refused at once: their providers send them again. */
const MAX_WAITING = 200

export interface ReceiveStoreOptions extends Pick<GatewayMetrics, 'shed'> {
  /** Webhooks that are stored at a time. */
  readonly maxRunning: number
  /** The values of secrets, by name. */
  readonly secretsOf: ReceivedWebhooks['secretsOf']
}

/** Opens what the gateway takes webhooks with. Where the database does not answer, providers get a Problem 503 after 2 s at most. */
export function openReceiveStore(
  pool: pg.Pool,
  { maxRunning, shed, secretsOf }: ReceiveStoreOptions,
): ReceivedWebhooks & { close(): Promise<void> } {
  const outbox = createOutboxNotifier(pool)
  const overflow = () => {
    shed('received')
    return unavailable()
  }
  const withSlot = createBulkhead({ maxRunning, maxWaiting: MAX_WAITING, overflow })
  return {
    secretsOf,
    accept: async (webhook, signal) => {
      const either = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])
      const run = () => queryWithTimeout(pool, TIMEOUT_MS, (client) => acceptWebhook(client, webhook))
      const stored = await withSlot(either, run).catch((cause: unknown) => {
        throw signal.aborted ? signal.reason : unavailable(cause)
      })
      if (stored === 'stored') outbox.notify('events')
      return stored
    },
    close: outbox.flush,
  }
}

const unavailable = (cause?: unknown) =>
  new Problem('unavailable', 503, 'Webhooks cannot be stored; send it again later.', { cause, retryAfterSeconds: 2 })
