import type { Log } from 'ebb/kernel'
import type { RelayMetrics } from './metrics.ts'
import { createPoller } from './poller.ts'
import type { Queue } from './queue.ts'

interface PollLoopDependencies {
  readonly queues: readonly Queue[]
  /** What a cold start may take. */
  readonly startTimeoutMs: number
  /** What the slowest call may take, as the contracts are now. */
  readonly longestCallMs: () => number
  readonly log: Log
  readonly metrics: RelayMetrics
}

export interface PollLoopOptions {
  /** The longest sleep: what makes a lost NOTIFY good. */
  readonly pollMs?: number
  readonly maxInFlight?: number
  /** How long `stop` waits for what is in flight before it gives that up; default: as long as a call may take. */
  readonly drainMs?: number
}

interface PollLoop {
  /** Looks for work now. */
  wake(): void
  /** Whether it makes calls: what it was last asked to do it could, and it is not stopping. */
  isReady(): boolean
  /** Whether it does anything: where not, only a new process helps. */
  isAlive(): boolean
  /** Leases nothing new, settles what is in flight and resolves. */
  stop(): Promise<void>
}

const MIN_SLEEP_MS = 10

/**
 * Starts to make the calls that are due: works without a pause while there is something to do, else sleeps until it is
 * woken, something is due, or `pollMs` are over. Several side by side are fine.
 */
export function startPollLoop(
  { queues, longestCallMs, ...parts }: PollLoopDependencies,
  { pollMs = 1_000, maxInFlight = 500, drainMs }: PollLoopOptions = {},
): PollLoop {
  const alarm = createWakeableSleep()
  const closing = new AbortController()
  const giveUp = new AbortController()
  const signals = { closing: closing.signal, giveUp: giveUp.signal }
  const turn = createPoller(queues, { ...parts, maxInFlight, ...signals, wake: alarm.wake })
  const health = createHealth(parts.log)

  const work = async () => {
    while (!closing.signal.aborted) {
      health.begin()
      try {
        const { foundWork, nextDueMs } = await turn.take()
        health.good()
        if (!foundWork) await alarm.sleep(Math.min(pollMs, Math.max(MIN_SLEEP_MS, nextDueMs)))
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

/** A sleep that can be ended early. A `wake` while nobody sleeps ends the next sleep at once: none is missed. */
function createWakeableSleep() {
  let ring: (() => void) | undefined
  let rung = false
  return {
    wake(): void {
      rung = true
      ring?.()
    },
    async sleep(ms: number): Promise<void> {
      if (!rung) {
        const { promise, resolve } = Promise.withResolvers<void>()
        const timer = setTimeout(resolve, ms)
        ring = resolve
        await promise
        clearTimeout(timer)
        ring = undefined
      }
      rung = false
    },
  }
}

const INITIAL_BACKOFF_MS = 100
const MAX_BACKOFF_MS = 5_000
/** A turn that takes longer hangs: a statement that Postgres never answers, as where its host is gone. */
const MAX_POLL_MS = 15_000
/** Far more than all of a turn's statements may take: one that is still under way will never end. */
const STUCK_MS = 120_000

/** Knows how the turns go. Says once that the database went (or refuses), and once that it came back. */
export function createHealth(log: Log, { now = () => performance.now() } = {}) {
  let wasGood = false
  let backoffMs = 0
  let beganAt: number | undefined
  const lastsLessThan = (limitMs: number) => beganAt === undefined || now() - beganAt < limitMs
  return {
    begin() {
      beganAt = now()
    },
    good() {
      if (!wasGood) log.info({}, 'relay ready')
      else if (backoffMs > 0) log.info({}, 'the relay goes on')
      wasGood = true
      backoffMs = 0
      beganAt = undefined
    },
    /** Answers how long to wait. */
    bad(fault: unknown): number {
      if (backoffMs === 0) log.error({ err: fault }, 'the relay is held up')
      backoffMs = backoffMs === 0 ? INITIAL_BACKOFF_MS : Math.min(backoffMs * 2, MAX_BACKOFF_MS)
      beganAt = undefined
      return backoffMs
    },
    /** Whether the last turn was good, and the one under way does not hang. */
    isGood: () => wasGood && backoffMs === 0 && lastsLessThan(MAX_POLL_MS),
    /** Whether turns end, well or not: a database that is away is no reason to start again. */
    isAlive: () => lastsLessThan(STUCK_MS),
  }
}
