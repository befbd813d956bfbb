import type { Log } from 'ebb/kernel'
import { createAlarm } from './alarm.ts'
import { createTurn } from './turn.ts'
import type { Work } from './work.ts'

export interface RelayParts {
  readonly works: readonly Work[]
  /** What a cold start may take. */
  readonly startTimeoutMs: number
  readonly log: Log
}

export interface RelayOptions {
  /** The longest sleep: what makes a lost NOTIFY good. */
  readonly pollMs?: number
  readonly mostInFlight?: number
  /** How long `stop` waits for what is in flight before it gives that up. */
  readonly drainMs?: number
}

export interface Relay {
  /** Looks for work now. */
  wake(): void
  /** Leases nothing new, settles what is in flight and resolves. */
  stop(): Promise<void>
}

const SHORTEST_SLEEP_MS = 10
const FIRST_BACKOFF_MS = 100
const LAST_BACKOFF_MS = 5_000

/**
 * Starts to make the calls that are due: works without a pause while there is something to do, else sleeps until it is
 * woken, something is due, or `pollMs` are over. Several side by side are fine.
 */
export function startRelay(
  { works, startTimeoutMs, log }: RelayParts,
  { pollMs = 1_000, mostInFlight = 500, drainMs = 45_000 }: RelayOptions = {},
): Relay {
  const alarm = createAlarm()
  const closing = new AbortController()
  const giveUp = new AbortController()
  const signals = { closing: closing.signal, giveUp: giveUp.signal }
  const turn = createTurn(works, { startTimeoutMs, log, mostInFlight, ...signals, wake: alarm.wake })
  const health = createHealth(log)

  const work = async () => {
    while (!closing.signal.aborted) {
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
    stop: async () => {
      closing.abort()
      alarm.wake()
      const limit = setTimeout(() => giveUp.abort(new Error('the relay was stopped')), drainMs)
      await working
      await turn.settled()
      clearTimeout(limit)
    },
  }
}

/** Says once that the database went (or refuses), and once that it came back. */
function createHealth(log: Log) {
  let ready = false
  let backoffMs = 0
  return {
    good() {
      if (!ready) log.info({}, 'relay ready')
      else if (backoffMs > 0) log.info({}, 'the relay goes on')
      ready = true
      backoffMs = 0
    },
    /** Answers how long to wait. */
    bad(fault: unknown): number {
      if (backoffMs === 0) log.error({ err: fault }, 'the relay is held up')
      backoffMs = backoffMs === 0 ? FIRST_BACKOFF_MS : Math.min(backoffMs * 2, LAST_BACKOFF_MS)
      return backoffMs
    },
  }
}
