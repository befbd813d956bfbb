import { Problem } from 'ebb/contract'
import type { GatewayMetrics } from 'ebb/http/gateway'
import type { Claim } from 'ebb/kernel'
import type pg from 'pg'
import { findKeys } from '../../src/data/api-keys.ts'
import { ask } from '../../src/data/ask.ts'
import { findAnswers } from '../../src/data/idempotency.ts'
import { inBatches } from './in-batches.ts'

/** What a look into the database may take before the gateway goes on without it. */
export const LOOK_MS = 2_000

const KEYS = { maxBatch: 500, maxWaiting: 1_000, limitMs: LOOK_MS }
/** Fewer at a time, since whole answers come back. */
const ANSWERS = { maxBatch: 50, maxWaiting: 1_000, limitMs: LOOK_MS }

export interface LookUpsOptions extends Pick<GatewayMetrics, 'shed'> {
  readonly pepper: string
  /** Queries of one kind at a time. */
  readonly maxRunning: number
}

/** What the gateway looks up for requests: few queries, however many ask. */
export function createLookUps(pool: pg.Pool, { pepper, maxRunning, shed }: LookUpsOptions) {
  const overflow = (what: 'keys' | 'replays', message: string) => () => {
    shed(what)
    return new Problem('unavailable', 503, message, { retryAfterSeconds: 1 })
  }
  return {
    findKey: inBatches(
      (tokens: readonly string[]) => ask(pool, LOOK_MS, (client) => findKeys(client, pepper, tokens)),
      {
        ...{ ...KEYS, maxRunning, overflow: overflow('keys', 'Too many keys are being checked just now.') },
      },
    ),
    findAnswer: inBatches((claims: readonly Claim[]) => ask(pool, LOOK_MS, (client) => findAnswers(client, claims)), {
      ...{ ...ANSWERS, maxRunning, overflow: overflow('replays', 'Too many answers are being looked for just now.') },
    }),
  }
}
