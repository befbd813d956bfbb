import { Problem } from 'ebb/contract'
import type { GatewayMetrics } from 'ebb/http/gateway'
import type { Claim } from 'ebb/kernel'
import type pg from 'pg'
import { findStoredResponses } from '../../src/data/idempotency.ts'
import type { Peppers } from '../../src/data/keys/api-keys.ts'
import { findKeys } from '../../src/data/keys/find-keys.ts'
import { queryWithTimeout } from '../../src/data/postgres/with-connection.ts'
import { findTenantPlans } from '../../src/data/tenant-plans.ts'
import { withTimeout } from '../../src/kernel/promises.ts'

/** What a lookup in the database may take before the gateway goes on without it. */
export const LOOKUP_MS = 2_000

const KEYS = { maxBatch: 500, maxWaiting: 1_000, timeoutMs: LOOKUP_MS }
/** Fewer at a time, since whole responses come back. */
const RESPONSES = { maxBatch: 50, maxWaiting: 1_000, timeoutMs: LOOKUP_MS }

export interface LookupsOptions extends Pick<GatewayMetrics, 'shed'> {
  readonly pepper: string | Peppers
  /** Queries of one kind at a time. */
  readonly maxRunning: number
}

/** What the gateway looks up for requests: few queries, however many requests need one. */
export function createLookups(pool: pg.Pool, { pepper, maxRunning, shed }: LookupsOptions) {
  const overflow = (what: 'keys' | 'replays' | 'plans', message: string) => () => {
    shed(what)
    return new Problem('unavailable', 503, message, { retryAfterSeconds: 1 })
  }
  return {
    findKey: createBatcher(
      (tokens: readonly string[]) => queryWithTimeout(pool, LOOKUP_MS, (client) => findKeys(client, pepper, tokens)),
      { ...KEYS, maxRunning, overflow: overflow('keys', 'Too many keys are being checked; retry later.') },
    ),
    findTenantPlan: createBatcher(
      (tenants: readonly string[]) => queryWithTimeout(pool, LOOKUP_MS, (client) => findTenantPlans(client, tenants)),
      { ...KEYS, maxRunning: 1, overflow: overflow('plans', 'Too many plans are being looked up; retry later.') },
    ),
    findStoredResponse: createBatcher(
      (claims: readonly Claim[]) => queryWithTimeout(pool, LOOKUP_MS, (client) => findStoredResponses(client, claims)),
      {
        ...RESPONSES,
        maxRunning,
        overflow: overflow('replays', 'Too many stored responses are being looked up; retry later.'),
      },
    ),
  }
}

export interface BatcherOptions {
  /** Questions in one batch. */
  readonly maxBatch: number
  /** Batches that run at a time. */
  readonly maxRunning: number
  /** Questions that wait for the next batch. */
  readonly maxWaiting: number
  /** For an answer, the wait included. */
  readonly timeoutMs: number
  /** Returns what a question rejects with when `maxWaiting` is reached. */
  readonly overflow: () => Error
}

interface Waiter<Question, Answer> {
  readonly question: Question
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

/**
 * Batches questions: one that comes while all batches are running waits, and is asked with all others that came
 * meanwhile. So a database that is slow or silent is asked no more often, and what waits is bounded. `ask` returns the
 * answers in the order of the questions.
 */
export function createBatcher<Question, Answer>(
  ask: (questions: readonly Question[]) => Promise<readonly Answer[]>,
  { maxBatch, maxRunning, maxWaiting, timeoutMs, overflow }: BatcherOptions,
): (question: Question, options?: { readonly isKnown?: boolean }) => Promise<Answer> {
  const waiting = new Set<Waiter<Question, Answer>>()
  let running = 0

  function start() {
    while (running < maxRunning && waiting.size > 0) {
      const batch = [...waiting.values().take(maxBatch)]
      for (const waiter of batch) waiting.delete(waiter)
      running++
      void run(batch).finally(() => {
        running--
        start()
      })
    }
  }

  async function run(batch: readonly Waiter<Question, Answer>[]) {
    try {
      const answers = await ask(batch.map(({ question }) => question))
      // `ask` returns one for each.
      for (const [i, { resolve }] of batch.entries()) resolve(answers[i] as Answer)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  /** A known question, of which there are not many, is accepted even where unknown ones are refused. */
  return async (question, { isKnown = false } = {}) => {
    if (waiting.size >= maxWaiting && !isKnown) throw overflow()
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const waiter = { question, resolve, reject }
    waiting.add(waiter)
    start()
    try {
      return await withTimeout(timeoutMs, promise)
    } finally {
      waiting.delete(waiter)
    }
  }
}
