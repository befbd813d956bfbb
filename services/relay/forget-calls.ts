import type { Log } from 'ebb/kernel'
import type pg from 'pg'
import { queryWithTimeout } from '../../src/data/postgres/with-connection.ts'
import { deleteEndedCalls } from '../../src/data/queue/delete-ended-calls.ts'
import { inRounds } from './in-rounds.ts'

export interface ForgetOptions {
  readonly keepSeconds: number
  readonly log: Log
  /** Default: a minute. */
  readonly intervalMs?: number
}

const INTERVAL_MS = 60_000
const LIMIT_MS = 10_000
/** Few enough that nothing waits for the locks of one statement. */
const MAX_BATCH = 500

/** Forgets asynchronous calls whose time is over, a small batch after the other. */
export function forgetCalls(pool: pg.Pool, { keepSeconds, log, intervalMs = INTERVAL_MS }: ForgetOptions) {
  let closed = false
  const forget = async () => {
    for (let deleted = MAX_BATCH; deleted === MAX_BATCH && !closed; ) {
      deleted = await queryWithTimeout(pool, LIMIT_MS, (client) =>
        deleteEndedCalls(client, { keepSeconds, limit: MAX_BATCH }),
      )
    }
  }
  const rounds = inRounds(forget, {
    intervalMs,
    onFailure: (error) => log.warn({ err: error }, 'calls whose time is over could not be forgotten'),
  })
  return {
    stop: () => {
      closed = true
      return rounds.stop()
    },
  }
}
