/** What a call says about its function; undefined where it says nothing, as one whose caller has hung up. */
export type CallVerdict =
  /** The function itself responded. */
  | 'answered'
  /** It responded that it is overloaded, or too late: what the limit of its concurrent requests mends. */
  | 'overloaded'
  /** Something in front of it responded in its place, or there was no connection: it may be starting. */
  | 'unavailable'
  /** The connection broke, or what came was no response of its own. */
  | 'broken'

/**
 * How a request may go on: in the time since the breaker last opened or closed, by its number; as the one that tests a
 * function after faults; or not at all, for so long.
 */
export type Passage = number | 'probe' | { readonly retryAfterMs: number }

export interface BreakerStatus {
  /** The route's, which is the function's. */
  readonly name: string
  readonly state: 'closed' | 'open' | 'half-open'
  /** Calls of the last 5 to 10 s, and how many of them failed. */
  readonly calls: number
  readonly faults: number
  /** How long an open breaker refuses all requests yet. */
  readonly opensAgainInMs: number
}

export interface CircuitBreakers {
  readonly enter: (name: string) => Passage
  readonly leave: (name: string, passage: Passage, call: Call) => void
  /** Those of all routes that were called. */
  readonly list: () => readonly BreakerStatus[]
  /** Lets requests pass again; false where the route was never called. */
  readonly reset: (name: string) => boolean
}

interface Call {
  readonly verdict: CallVerdict | undefined
  /** Whether the limit of concurrent requests can still be lowered: then an overload is for that to mend. */
  readonly limitCanShrink: boolean
}

interface CircuitBreakersOptions {
  /** How long a function that was not called for some time may take to start: its faults meanwhile do not count. */
  readonly startTimeoutMs: number
  readonly onOpened?: (name: string) => void
  readonly now?: () => number
}

/** Half of the time that is looked at. */
const HALF_WINDOW_MS = 5_000
const MIN_CALLS = 20
const MAX_FAULT_RATIO = 0.5
const OPEN_MS = 5_000
const MAX_OPEN_MS = 60_000
/** After so long without a request a function may have been stopped (Knative and the laptop do so after 30 s and more). */
const IDLE_MS = 30_000

interface Breaker {
  calls: number
  faults: number
  earlierCalls: number
  earlierFaults: number
  windowAt: number
  /** 0 where it is closed. */
  openUntil: number
  openMs: number
  probing: boolean
  /** Counts how often it has opened and closed: what was sent before says nothing about now. */
  changes: number
  lastCallAt: number
  startingUntil: number
}

/**
 * A circuit breaker for each route. It opens where half of at least 20 calls within 10 s fail, and then refuses requests for
 * 5 s without a call; after that one request tests the function, while the others are still refused, and the breaker closes,
 * or stays open for twice as long, up to a minute.
 *
 * A function that was idle may have been stopped, and is given the time to start. Overload is left to the limit of
 * concurrent requests as long as that can be lowered, so that one fault is not punished twice.
 */
export function createCircuitBreakers({
  startTimeoutMs,
  onOpened,
  now = () => performance.now(),
}: CircuitBreakersOptions): CircuitBreakers {
  const breakers = new Map<string, Breaker>()

  const breakerOf = (name: string): Breaker => {
    const known = breakers.get(name)
    if (known) return known
    const counts = { calls: 0, faults: 0, earlierCalls: 0, earlierFaults: 0, windowAt: 0 }
    const times = { changes: 0, lastCallAt: Number.NEGATIVE_INFINITY, startingUntil: 0 }
    const breaker = { ...counts, ...times, openUntil: 0, openMs: OPEN_MS, probing: false }
    breakers.set(name, breaker)
    return breaker
  }
  const open = (name: string, breaker: Breaker, at: number) => {
    clearCounts(breaker)
    breaker.openUntil = at + breaker.openMs
    breaker.changes++
    onOpened?.(name)
  }

  return {
    enter(name) {
      const at = now()
      const breaker = breakerOf(name)
      if (breaker.openUntil > 0) {
        if (at < breaker.openUntil) return { retryAfterMs: breaker.openUntil - at }
        if (breaker.probing) return { retryAfterMs: PROBING_MS }
        breaker.probing = true
        return 'probe'
      }
      if (at - breaker.lastCallAt >= IDLE_MS) breaker.startingUntil = at + startTimeoutMs
      breaker.lastCallAt = at
      return breaker.changes
    },
    leave(name, passage, { verdict, limitCanShrink }) {
      const breaker = breakerOf(name)
      const at = now()
      if (passage === 'probe') {
        // Reset meanwhile, or there is nothing to learn from it: the next request is the probe.
        if (!breaker.probing) return
        breaker.probing = false
        if (verdict === undefined) return
        if (verdict === 'answered' || verdict === 'overloaded') return close(breaker, at)
        breaker.openMs = Math.min(MAX_OPEN_MS, breaker.openMs * 2)
        return open(name, breaker, at)
      }
      if (verdict === undefined || passage !== breaker.changes) return
      const isOwn = verdict === 'answered' || verdict === 'overloaded'
      if (isOwn) breaker.startingUntil = 0
      else if (at < breaker.startingUntil) return
      moveWindow(breaker, at)
      breaker.calls++
      if (verdict === 'answered' || (verdict === 'overloaded' && limitCanShrink)) return
      breaker.faults++
      const calls = breaker.calls + breaker.earlierCalls
      const faults = breaker.faults + breaker.earlierFaults
      if (calls >= MIN_CALLS && faults >= calls * MAX_FAULT_RATIO) open(name, breaker, at)
    },
    list: () => {
      const at = now()
      return [...breakers].map(([name, breaker]) => {
        moveWindow(breaker, at)
        const isOpen = breaker.openUntil > 0
        return {
          name,
          state: !isOpen ? 'closed' : at < breaker.openUntil ? 'open' : 'half-open',
          calls: breaker.calls + breaker.earlierCalls,
          faults: breaker.faults + breaker.earlierFaults,
          opensAgainInMs: isOpen ? Math.max(0, Math.ceil(breaker.openUntil - at)) : 0,
        }
      })
    },
    reset(name) {
      const breaker = breakers.get(name)
      if (breaker) close(breaker, now())
      return breaker !== undefined
    },
  }
}

/** Until the test of a function has probably ended. */
const PROBING_MS = 1_000

function close(breaker: Breaker, at: number) {
  clearCounts(breaker)
  Object.assign(breaker, { openUntil: 0, openMs: OPEN_MS, probing: false, lastCallAt: at })
  breaker.changes++
}

const clearCounts = (breaker: Breaker) =>
  Object.assign(breaker, { calls: 0, faults: 0, earlierCalls: 0, earlierFaults: 0 })

function moveWindow(breaker: Breaker, at: number) {
  const halves = Math.floor((at - breaker.windowAt) / HALF_WINDOW_MS)
  if (halves < 1) return
  breaker.earlierCalls = halves === 1 ? breaker.calls : 0
  breaker.earlierFaults = halves === 1 ? breaker.faults : 0
  breaker.calls = 0
  breaker.faults = 0
  breaker.windowAt += halves * HALF_WINDOW_MS
}
