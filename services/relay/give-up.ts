import type { Log } from 'ebb/kernel'
import { deliver } from './deliver.ts'
import type { RelayMetrics } from './metrics.ts'
import type { Target, Work } from './work.ts'

export interface GiveUpOptions {
  readonly works: readonly Work[]
  /** For how long no relay has known a function when what waits for it is given up. */
  readonly afterMs: number
  readonly log: Log
  readonly metrics: RelayMetrics
}

const LOOKS = 10
const MIN_EVERY_MS = 50
const MOST_AT_ONCE = 100
const LEASE_MS = 10_000
/** The most that the database's integer holds. */
const MAX_ATTEMPTS = 2 ** 31 - 1

/**
 * Ends what waits for functions that are gone: deliveries go to the dead letters, and whoever made an asynchronous call
 * is told. Looks ten times in `afterMs`.
 */
export function giveUpAbandoned({ works, afterMs, log, metrics }: GiveUpOptions) {
  const closing = new AbortController()
  const giveUp = async (work: Work, name: string) => {
    const target = targetOf(name)
    await work.takeBack([{ target, leaseMs: LEASE_MS }])
    while (!closing.signal.aborted) {
      const leaseEndsAt = performance.now() + LEASE_MS
      const leased = await work.lease(target, { most: MOST_AT_ONCE, leaseMs: LEASE_MS })
      if (leased.length === 0) return
      const ended = leased.map((one) => ({ ...one, push: async () => ({ durationMs: 0 }), judge: one.abandon }))
      await Promise.all(ended.map((one) => deliver(one, { leaseEndsAt, log, metrics, signal: closing.signal })))
    }
  }
  const look = async () => {
    for (const work of works) for (const name of await work.abandoned(afterMs)) await giveUp(work, name)
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
  const timer = setInterval(lookOnce, Math.max(MIN_EVERY_MS, afterMs / LOOKS))
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
