import type { Log } from 'ebb/kernel'
import { inRounds } from './in-rounds.ts'
import type { RelayMetrics } from './metrics.ts'
import { processCall } from './process-call.ts'
import type { Queue, Target } from './queue.ts'

export interface AbandonOptions {
  readonly queues: readonly Queue[]
  /** Calls are orphaned when no relay has known their function for this long. */
  readonly afterMs: number
  readonly log: Log
  readonly metrics: RelayMetrics
}

const CHECKS_PER_PERIOD = 10
const MIN_INTERVAL_MS = 50
const MAX_BATCH = 100
const LEASE_MS = 10_000
/** The highest number that the database's integer holds. */
const MAX_ATTEMPTS = 2 ** 31 - 1

/**
 * Abandons orphaned calls, which wait for functions that no longer exist: deliveries go to the dead letters, and the
 * callers of invocations find out when they ask. Checks ten times in `afterMs`.
 */
export function abandonOrphans({ queues, afterMs, log, metrics }: AbandonOptions) {
  const closing = new AbortController()
  const abandon = async (queue: Queue, name: string) => {
    const target = targetOf(name)
    await queue.reclaimExpiredLeases([{ target, leaseMs: LEASE_MS }])
    while (!closing.signal.aborted) {
      const leaseEndsAt = performance.now() + LEASE_MS
      const leased = await queue.lease(target, { limit: MAX_BATCH, leaseMs: LEASE_MS })
      if (leased.length === 0) return
      const ended = leased.map(({ waitedSeconds: _none, ...call }) => ({
        ...call,
        send: async () => ({ durationMs: 0 }),
        classify: call.abandon,
      }))
      await Promise.all(ended.map((call) => processCall(call, { leaseEndsAt, log, metrics, signal: closing.signal })))
    }
  }
  const abandonAll = async () => {
    for (const queue of queues) for (const name of await queue.findOrphaned(afterMs)) await abandon(queue, name)
  }
  const rounds = inRounds(abandonAll, {
    intervalMs: Math.max(MIN_INTERVAL_MS, afterMs / CHECKS_PER_PERIOD),
    onFailure: (error) => log.warn({ err: error }, 'orphaned calls could not be abandoned'),
  })
  return {
    /** To be called when the contracts have changed, so that other relays learn at once which functions exist. */
    check: rounds.start,
    stop: () => {
      closing.abort(new Error('the relay was stopped'))
      return rounds.stop()
    },
  }
}

/** What a relay that died had leased is due again, however often it was tried. */
const targetOf = (name: string): Target => ({
  ...{ name, timeoutMs: 0, scale: { max: 1, concurrency: 1 } },
  retry: { attempts: MAX_ATTEMPTS, minDelayMs: 0, maxDelayMs: 0 },
})
