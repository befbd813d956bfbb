import type { Log } from 'ebb/kernel'
import type pg from 'pg'
import { forgetCost } from '../../src/data/cost/read-cost.ts'
import { queryWithTimeout } from '../../src/data/postgres/with-connection.ts'
import { inRounds } from './in-rounds.ts'

const INTERVAL_MS = 600_000
const LIMIT_MS = 10_000
/** A quarter of a year, and a week: a row for each function and hour, and one for each function and minute that it is called in. */
const KEEP = { hoursDays: 92, minutesDays: 7 }

/** Forgets what was recorded for `ebb cost` when its time is over. */
export const forgetCosts = (pool: pg.Pool, { log }: { readonly log: Pick<Log, 'warn'> }) =>
  inRounds(() => queryWithTimeout(pool, LIMIT_MS, (client) => forgetCost(client, KEEP)), {
    intervalMs: INTERVAL_MS,
    onFailure: (error) => log.warn({ err: error }, 'old sums of costs could not be forgotten'),
  })
