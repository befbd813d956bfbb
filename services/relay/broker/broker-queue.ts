import { BROKER } from '../../../src/contract/index.ts'
import type { Settlement } from '../../../src/data/queue/deliveries.ts'
import type { CallOutcome } from '../call-function.ts'
import { classifyResponse } from '../classify-response.ts'
import type { Target } from '../queue.ts'
import { HAND_OVER_MS } from './hand-over.ts'

/** Of an event that the broker refuses. While it takes none at all, each is tried without end. */
const RETRY = { attempts: 10, minDelayMs: 1_000, maxDelayMs: 60_000 }
/** That a relay was lost says nothing about the event: the highest number that the database's integer holds. */
const WITHOUT_END = 2 ** 31 - 1

/** The broker, as one that takes deliveries. */
export const BROKER_TARGET: Target = {
  ...{ name: BROKER, retry: { ...RETRY, attempts: WITHOUT_END }, timeoutMs: HAND_OVER_MS },
  scale: { max: 100, concurrency: 1 },
}

/** What a broker says of an event, and not of itself: malformed, too large, of a kind that it does not take. */
const REFUSALS: ReadonlySet<number> = new Set([400, 413, 415, 422, 431])

const isRefusal = ({ status }: Pick<CallOutcome, 'status'>) => status !== undefined && REFUSALS.has(status)
const isTaken = ({ status = 0 }: Pick<CallOutcome, 'status'>) => status >= 200 && status <= 299

/**
 * Decides what the outcome of handing an event over means: a 2xx is done. An event that the broker refuses is dead after ten
 * attempts, for an operator to look at; all else, such as a broker that is away or that refuses our token, is tried again until it is taken.
 */
export function classifyHandOver(outcome: CallOutcome, attempt: number, allAttempts: number): Settlement {
  const { revision: _none, ...rest } = outcome
  const settlement = classifyResponse(rest, isRefusal(outcome) ? attempt : 0, { retry: RETRY, allAttempts })
  return settlement.state === 'waiting' && !isRefusal(outcome) ? { ...settlement, uncounted: true } : settlement
}

const INITIAL_PAUSE_MS = 100
const MAX_PAUSE_MS = 10_000

/**
 * Follows whether the broker takes events, and says for how long to hand it none: for as long as its Retry-After says, else a
 * time that doubles while it takes none.
 */
export function createBackPressure({ now = () => performance.now() } = {}) {
  let failures = 0
  let until = 0
  return {
    /** Returns the milliseconds until the next event may be handed over, 0 where nothing is to be waited for. */
    record(outcome: CallOutcome): number {
      if (isTaken(outcome)) failures = 0
      if (isTaken(outcome) || isRefusal(outcome)) return 0
      // What was under way together fails together, and is one failure.
      if (now() >= until) failures++
      const pauseMs = Math.min(MAX_PAUSE_MS, INITIAL_PAUSE_MS * 2 ** (failures - 1))
      until = Math.max(until, now() + Math.max(pauseMs, Math.min(outcome.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS)))
      return until - now()
    },
  }
}

const MAX_RETRY_AFTER_MS = 3_600_000
