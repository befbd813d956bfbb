import type { Log } from 'ebb/kernel'
import type pg from 'pg'
import { findUnarchived } from '../../src/data/queue/archive.ts'
import {
  dropHistory,
  forgetAudit,
  forgetDeadLetters,
  forgetReceived,
  type Keep,
  makeHistory,
  takeOverSettled,
} from '../../src/data/queue/history.ts'
import { inRounds } from './in-rounds.ts'
import type { RelayMetrics } from './metrics.ts'

export interface KeepHistoryOptions {
  readonly pool: pg.Pool
  readonly keep: Keep
  /** Whether a day of events stays until it is archived. Default: it does not. */
  readonly archive?: boolean
  readonly log: Log
  readonly metrics: Pick<RelayMetrics, 'historyAhead' | 'archiveOverdue'>
  /** Default: 10 min. */
  readonly intervalMs?: number
}

const INTERVAL_MS = 600_000
const DAY_MS = 86_400_000
/** Long enough to be noticed, and mended, before one is missing. */
const DAYS_AHEAD = 7

/**
 * Keeps the history by day: makes the days that come, and drops those that are over. Several relays may do so side by side.
 * What fails is logged and tried again: nothing waits for it.
 */
export function keepHistory({
  pool,
  keep,
  archive = false,
  log,
  metrics,
  intervalMs = INTERVAL_MS,
}: KeepHistoryOptions) {
  /** The first day that has to be archived before it may be dropped. */
  const findKept = async () => {
    if (!archive) return undefined
    const [day] = await findUnarchived(pool, { limit: 1 })
    const overdueDays = day === undefined ? 0 : Math.floor((Date.now() - Date.parse(day)) / DAY_MS) - keep.eventsDays
    metrics.archiveOverdue(Math.max(0, overdueDays))
    if (overdueDays > 0) log.warn({ day }, 'a day of events stays, since it is not archived: run ebb events archive')
    return day
  }

  const round = async () => {
    const ahead = await makeHistory(pool, DAYS_AHEAD)
    for (const [table, days] of ahead) metrics.historyAhead(table, days)
    await takeOverSettled(pool)
    for (const { part, outcome, kept } of await dropHistory(pool, keep, { unarchived: await findKept() })) {
      if (outcome === 'detached') log.info({ part, kept }, 'a day of history was dropped')
      else if (outcome === 'too much to keep')
        log.warn({ part }, 'a day of history stays: redrive or drop its dead letters, or let them end')
    }
    const forgotten = await forgetDeadLetters(pool, keep)
    if (forgotten > 0) log.info({ forgotten }, 'dead letters were forgotten')
    await forgetAudit(pool, keep)
    await forgetReceived(pool)
  }
  return inRounds(round, {
    intervalMs,
    onFailure: (error) => log.warn({ err: error }, 'the history could not be kept; the relay tries again'),
  })
}
