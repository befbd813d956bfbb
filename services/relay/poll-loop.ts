import type { Log } from 'ebb/kernel'
import type { RelayMetrics } from './metrics.ts'
import { createPoller } from './poller.ts'
import type { Queue } from './queue.ts'

export interface PollLoopDependencies {
  readonly queues: readonly Queue[]
  /** What a cold start may take. */
  readonly startTimeoutMs: number
  /** What the slowest call may take, as the contracts are now. */
  readonly longestCallMs: () => number
  readonly log: Log
  readonly metrics: RelayMetrics
}

export interface PollLoopOptions {
  /** The longest sleep, which makes up for a lost NOTIFY; default: 1 s. */
  readonly pollMs?: number
  /** Calls at a time; default: 500. */
  readonly maxInFlight?: number
  /** How long `stop` waits for what is in flight before it gives that up; default: as long as a call may take. */
  readonly drainMs?: number
}

export interface PollLoop {
  /** Looks now at what is new of a kind of calls; without one, at everything. */
  wake(kind?: string): void
  /** Whether it makes calls: the last poll succeeded, and it is not stopping. */
  isReady(): boolean
  /** Whether polls end. Where they do not, only a new process helps. */
  isAlive(): boolean
  /** Leases nothing new, settles what is in flight and resolves. */
  stop(): Promise<void>
}

/**
 * Starts to make the calls that are due: takes what is new as soon as it is told of it, and again while there is some;
 * leases what is due when it is; and looks at everything each `pollMs`, for what nobody has told it of. Several relays may
 * run side by side.
 */
export function startPollLoop(
  { queues, longestCallMs, ...dependencies }: PollLoopDependencies,
  { pollMs = 1_000, maxInFlight = 500, drainMs }: PollLoopOptions = {},
): PollLoop {
  const { wake, sleep } = createWakeableSleep()
  const closing = new AbortController()
  const giveUp = new AbortController()
  const signals = { closing: closing.signal, giveUp: giveUp.signal }
  const poller = createPoller(queues, { ...dependencies, maxInFlight, ...signals, wake })
  const health = createHealth(dependencies.log)
  let told = new Set<string>()
  let lookAt = Number.NEGATIVE_INFINITY

  const poll = async () => {
    const everything = performance.now() >= lookAt
    const look = { told, everything }
    told = new Set()
    if (everything) lookAt = performance.now() + pollMs
    const { found, nextDueMs } = await poller.poll(look)
    for (const kind of found) told.add(kind)
    return told.size > 0 ? 0 : Math.min(lookAt - performance.now(), nextDueMs)
  }
  const run = async () => {
    while (!closing.signal.aborted) {
      health.begin()
      try {
        const sleepMs = await poll()
        health.succeed()
        if (sleepMs > 0) await sleep(sleepMs)
      } catch (error) {
        lookAt = Number.NEGATIVE_INFINITY
        await sleep(health.fail(error))
      }
    }
  }
  const running = run()

  return {
    wake: (kind) => {
      if (kind) told.add(kind)
      else lookAt = Number.NEGATIVE_INFINITY
      wake()
    },
    isAlive: health.isAlive,
    isReady: () => health.isGood() && !closing.signal.aborted,
    stop: async () => {
      closing.abort()
      wake()
      const limit = setTimeout(() => giveUp.abort(new Error('the relay was stopped')), drainMs ?? longestCallMs())
      await running
      await poller.settled()
      clearTimeout(limit)
    },
  }
}

/** A sleep that can be ended early. A `wake` while nothing sleeps ends the next sleep at once, so that none is missed. */
function createWakeableSleep() {
  let end: (() => void) | undefined
  let woken = false
  return {
    wake(): void {
      woken = true
      end?.()
    },
    async sleep(ms: number): Promise<void> {
      if (!woken) {
        const { promise, resolve } = Promise.withResolvers<void>()
        const timer = setTimeout(resolve, ms)
        end = resolve
        await promise
        clearTimeout(timer)
        end = undefined
      }
      woken = false
    },
  }
}

const INITIAL_BACKOFF_MS = 100
const MAX_BACKOFF_MS = 5_000
/** A poll that takes longer hangs: a statement that Postgres never answers, as where its host is gone. */
const MAX_POLL_MS = 15_000
/** Far more than all statements of a poll may take: one that is still running will never end. */
const STUCK_MS = 120_000

/** Follows the polls. Logs once that they fail, and once that they succeed again. */
export function createHealth(log: Log, { now = () => performance.now() } = {}) {
  let wasGood = false
  let backoffMs = 0
  let startedAt: number | undefined
  const lastsLessThan = (limitMs: number) => startedAt === undefined || now() - startedAt < limitMs
  return {
    begin() {
      startedAt = now()
    },
    succeed() {
      if (!wasGood) log.info({}, 'relay ready')
      else if (backoffMs > 0) log.info({}, 'relay recovered')
      wasGood = true
      backoffMs = 0
      startedAt = undefined
    },
    /** Returns how long to wait before the next poll. */
    fail(error: unknown): number {
      if (backoffMs === 0) log.error({ err: error }, 'a poll failed; the relay tries again')
      backoffMs = backoffMs === 0 ? INITIAL_BACKOFF_MS : Math.min(backoffMs * 2, MAX_BACKOFF_MS)
      startedAt = undefined
      return backoffMs
    },
    /** Whether the last poll succeeded, and the one under way does not hang. */
    isGood: () => wasGood && backoffMs === 0 && lastsLessThan(MAX_POLL_MS),
    /** Whether polls end, successful or not: a database that is unavailable is no reason to restart. */
    isAlive: () => lastsLessThan(STUCK_MS),
  }
}
