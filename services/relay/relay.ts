import type { Log } from 'ebb/kernel'
import { createAlarm } from './alarm.ts'
import { createHealth } from './health.ts'
import type { RelayMetrics } from './metrics.ts'
import { createTurn } from './turn.ts'
import type { Work } from './work.ts'

export interface RelayParts {
  readonly works: readonly Work[]
  /** What a cold start may take. */
  readonly startTimeoutMs: number
  /** What the slowest call may take, as the contracts are now. */
  readonly longestCallMs: () => number
  readonly log: Log
  readonly metrics: RelayMetrics
}

export interface RelayOptions {
  /** The longest sleep: what makes a lost NOTIFY good. */
  readonly pollMs?: number
  readonly mostInFlight?: number
  /** How long `stop` waits for what is in flight before it gives that up; default: as long as a call may take. */
  readonly drainMs?: number
}

export interface Relay {
  /** Looks for work now. */
  wake(): void
  /** Whether it makes calls: what it was last asked to do it could, and it is not stopping. */
  isReady(): boolean
  /** Whether it does anything: where not, only a new process helps. */
  isAlive(): boolean
  /** Leases nothing new, settles what is in flight and resolves. */
  stop(): Promise<void>
}

const SHORTEST_SLEEP_MS = 10

/**
 * Starts to make the calls that are due: works without a pause while there is something to do, else sleeps until it is
 * woken, something is due, or `pollMs` are over. Several side by side are fine.
 */
export function startRelay(
  { works, longestCallMs, ...parts }: RelayParts,
  { pollMs = 1_000, mostInFlight = 500, drainMs }: RelayOptions = {},
): Relay {
  const alarm = createAlarm()
  const closing = new AbortController()
  const giveUp = new AbortController()
  const signals = { closing: closing.signal, giveUp: giveUp.signal }
  const turn = createTurn(works, { ...parts, mostInFlight, ...signals, wake: alarm.wake })
  const health = createHealth(parts.log)

  const work = async () => {
    while (!closing.signal.aborted) {
      health.begin()
      try {
        const { found, nextDueMs } = await turn.take()
        health.good()
        if (!found) await alarm.sleep(Math.min(pollMs, Math.max(SHORTEST_SLEEP_MS, nextDueMs)))
      } catch (fault) {
        await alarm.sleep(health.bad(fault))
      }
    }
  }
  const working = work()

  return {
    wake: alarm.wake,
    isAlive: health.isAlive,
    isReady: () => health.isGood() && !closing.signal.aborted,
    stop: async () => {
      closing.abort()
      alarm.wake()
      const limit = setTimeout(() => giveUp.abort(new Error('the relay was stopped')), drainMs ?? longestCallMs())
      await working
      await turn.settled()
      clearTimeout(limit)
    },
  }
}
