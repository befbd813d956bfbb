import { createBoundedMap, type Log } from '../../kernel/index.ts'

interface Origin {
  readonly breaker: CircuitBreaker
  /** Every call adds a fifth of a retry to the budget. */
  deposit(): void
  /** Takes a retry out of the budget; false if there is none. */
  withdraw(): boolean
}

const MAX_ORIGINS = 1_000
const MAX_SAVED_RETRIES = 10
const CALLS_PER_RETRY = 5

/** The state of each of the 1,000 origins that were called last. Retries are at most 20 % of calls, and 10 more. */
export function trackOrigins({ log, now }: { readonly log: Pick<Log, 'info' | 'warn'>; readonly now: () => number }) {
  const origins = createBoundedMap<string, Origin>(MAX_ORIGINS)
  return function originOf(origin: string): Origin {
    const known = origins.get(origin) ?? createOrigin(origin, { log, now })
    origins.set(origin, known)
    return known
  }
}

function createOrigin(origin: string, { log, now }: Parameters<typeof trackOrigins>[0]): Origin {
  let saved = MAX_SAVED_RETRIES * CALLS_PER_RETRY
  let wasUp = true
  const report = (isUp: boolean, forMs?: number) => {
    if (wasUp === isUp) return
    wasUp = isUp
    if (isUp) log.info({ origin }, 'an origin responds again')
    else log.warn({ origin, forMs }, 'an origin keeps failing; calls to it are rejected for a while')
  }
  return {
    breaker: createCircuitBreaker({ now, onOpen: (forMs) => report(false, forMs), onClose: () => report(true) }),
    deposit: () => {
      saved = Math.min(saved + 1, MAX_SAVED_RETRIES * CALLS_PER_RETRY)
    },
    withdraw: () => {
      if (saved < CALLS_PER_RETRY) return false
      saved -= CALLS_PER_RETRY
      return true
    },
  }
}

export type AttemptResult = 'success' | 'failure' | 'ignored'
/** To be called exactly once, with the result of the attempt. */
type Settle = (result: AttemptResult) => void

interface CircuitBreaker {
  /** Undefined if no attempt may be made. */
  tryAcquire(): Settle | undefined
}

interface CircuitBreakerOptions {
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number
  readonly onOpen: (forMs: number) => void
  readonly onClose: () => void
}

const WINDOW_MS = 30_000
const WINDOW_SIZE = 20
const MIN_ATTEMPTS = 5
const OPEN_MS = 5_000

/**
 * Opens when, of the last 20 attempts in 30 s, there were at least 5 and half of them failed. After 5 s one attempt is let
 * through as a probe: if it succeeds the breaker closes, if it fails the 5 s begin again.
 */
export function createCircuitBreaker({ now, onOpen, onClose }: CircuitBreakerOptions): CircuitBreaker {
  let attempts: { readonly at: number; readonly failed: boolean }[] = []
  let openUntil: number | undefined
  let probing = false

  const open = () => {
    openUntil = now() + OPEN_MS
    onOpen(OPEN_MS)
  }
  const record = (failed: boolean) => {
    const since = now() - WINDOW_MS
    attempts = [...attempts.filter(({ at }) => at > since), { at: now(), failed }].slice(-WINDOW_SIZE)
    const failures = attempts.filter(({ failed }) => failed).length
    if (attempts.length >= MIN_ATTEMPTS && failures * 2 >= attempts.length) open()
  }
  const settle: Settle = (result) => {
    // An attempt that began before the breaker opened says nothing about now.
    if (result !== 'ignored' && openUntil === undefined) record(result === 'failure')
  }
  const settleProbe: Settle = (result) => {
    probing = false
    if (result === 'failure') open()
    if (result !== 'success') return
    openUntil = undefined
    attempts = []
    onClose()
  }
  return {
    tryAcquire: () => {
      if (openUntil === undefined) return settle
      if (probing || now() < openUntil) return undefined
      probing = true
      return settleProbe
    },
  }
}
