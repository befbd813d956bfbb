import type { Log } from 'ebb/kernel'
import type { RelayMetrics } from './metrics.ts'
import { processCall } from './process-call.ts'
import type { Queue, Target } from './queue.ts'

export interface GiveUpOptions {
  readonly queues: readonly Queue[]
  /** For how long no relay has known a function when what waits for it is given up. */
  readonly afterMs: number
  readonly log: Log
  readonly metrics: RelayMetrics
}

const LOOKS_PER_PERIOD = 10
const MIN_INTERVAL_MS = 50
const MAX_BATCH = 100
const LEASE_MS = 10_000
/** The most that the database's integer holds. */
const MAX_ATTEMPTS = 2 ** 31 - 1

/**
 * Ends what waits for functions that are gone: deliveries go to the dead letters, and whoever made an asynchronous call
 * is told. Looks ten times in `afterMs`.
 */
export function giveUpAbandoned({ queues, afterMs, log, metrics }: GiveUpOptions) {
  const closing = new AbortController()
  const giveUp = async (work: Queue, name: string) => {
    const target = targetOf(name)
    await work.reclaimExpiredLeases([{ target, leaseMs: LEASE_MS }])
    while (!closing.signal.aborted) {
      const leaseEndsAt = performance.now() + LEASE_MS
      const leased = await work.lease(target, { most: MAX_BATCH, leaseMs: LEASE_MS })
      if (leased.length === 0) return
      const ended = leased.map((one) => ({ ...one, push: async () => ({ durationMs: 0 }), judge: one.abandon }))
      await Promise.all(ended.map((one) => processCall(one, { leaseEndsAt, log, metrics, signal: closing.signal })))
    }
  }
  const look = async () => {
    for (const work of queues) for (const name of await work.findAbandoned(afterMs)) await giveUp(work, name)
  }
  let looking: Promise<void> | undefined
  const lookOnce = () => {
    looking ??= look()
      .catch((fault: unknown) =>
        log.warn({ err: fault }, 'what waits for functions that are gone could not be given up'),
      )
      .finally(() => {
        looking = undefined
      })
  }
  const timer = setInterval(lookOnce, Math.max(MIN_INTERVAL_MS, afterMs / LOOKS_PER_PERIOD))
  lookOnce()
  return {
    /** For contracts that have changed: others learn at once which functions there are. */
    look: lookOnce,
    stop: async () => {
      clearInterval(timer)
      closing.abort(new Error('the relay was stopped'))
      await looking
    },
  }
}

/** What was leased by a relay that died is due again, however often it was tried. */
const targetOf = (name: string): Target => ({
  ...{ name, timeoutMs: 0, scale: { max: 1, concurrency: 1 } },
  retry: { attempts: MAX_ATTEMPTS, minDelayMs: 0, maxDelayMs: 0 },
})
