import { Problem } from 'ebb/contract'
import type { GatewayMetrics, Invocations } from 'ebb/http/gateway'
import type { Log } from 'ebb/kernel'
import type pg from 'pg'
import { ask } from '../../src/data/ask.ts'
import { acceptInvocation, findInvocation } from '../../src/data/invocations.ts'
import { createNotifier } from '../../src/data/notify.ts'
import { OUTBOX_CHANNEL } from '../../src/data/outbox.ts'
import { createRunStatement } from '../../src/data/run-statement.ts'
import { createGate } from './gate.ts'

const LIMIT_MS = 2_000
/** Beyond them, a call is refused at once: it would not be kept in time. */
const MAX_WAITING = 200

export interface InvocationsOptions extends Pick<GatewayMetrics, 'shed'> {
  /** That are kept or looked up at a time. */
  readonly maxRunning: number
  readonly log: Log
}

/** Asynchronous calls as the database keeps them; whoever waits for it gets a Problem 503 after 2 s at most. */
export function openInvocations(
  pool: pg.Pool,
  { maxRunning, shed, log }: InvocationsOptions,
): Invocations & { close(): Promise<void> } {
  const outbox = createNotifier(pool, OUTBOX_CHANNEL)
  const database = { pool, outbox, log, run: createRunStatement() }
  const overflow = () => {
    shed('invocations')
    return unavailable()
  }
  const pass = createGate({ maxRunning, maxWaiting: MAX_WAITING, overflow })
  return {
    accept: async (invocation, { signal, ...options }) => {
      const limit = new AbortController()
      const timer = setTimeout(() => limit.abort(unavailable()), LIMIT_MS)
      const either = AbortSignal.any([signal, limit.signal])
      const bounds = { signal: either, timeoutMs: LIMIT_MS }
      try {
        return await pass(either, () => acceptInvocation(database, invocation, { ...options, ...bounds }))
      } finally {
        clearTimeout(timer)
      }
    },
    find: (id, { sub }) =>
      pass(AbortSignal.timeout(LIMIT_MS), () =>
        ask(pool, LIMIT_MS, (client) => findInvocation(client, id, { caller: sub })),
      ).catch((cause: unknown) => {
        throw unavailable(cause)
      }),
    close: outbox.flush,
  }
}

const unavailable = (cause?: unknown) =>
  new Problem('unavailable', 503, 'Asynchronous calls cannot be kept or looked up just now.', {
    cause,
    retryAfterSeconds: 2,
  })
