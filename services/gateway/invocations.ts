import { Problem } from 'ebb/contract'
import type { Invocations } from 'ebb/http/gateway'
import type { Log } from 'ebb/kernel'
import type pg from 'pg'
import { ask } from '../../src/data/ask.ts'
import { acceptInvocation, findInvocation } from '../../src/data/invocations.ts'
import { createNotifier } from '../../src/data/notify.ts'
import { OUTBOX_CHANNEL } from '../../src/data/outbox.ts'

const LIMIT_MS = 2_000

/** Asynchronous calls as the database keeps them; whoever waits for it gets a Problem 503 after 2 s. */
export function openInvocations(pool: pg.Pool, log: Log): Invocations & { close(): Promise<void> } {
  const outbox = createNotifier(pool, OUTBOX_CHANNEL)
  return {
    accept: async (invocation, { signal, ...options }) => {
      const limit = new AbortController()
      const timer = setTimeout(() => limit.abort(unavailable()), LIMIT_MS)
      const either = AbortSignal.any([signal, limit.signal])
      try {
        return await acceptInvocation({ pool, outbox, log }, invocation, {
          ...options,
          signal: either,
          timeoutMs: LIMIT_MS,
        })
      } finally {
        clearTimeout(timer)
      }
    },
    find: (id, { sub }) =>
      ask(pool, LIMIT_MS, (client) => findInvocation(client, id, { caller: sub })).catch((cause: unknown) => {
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
