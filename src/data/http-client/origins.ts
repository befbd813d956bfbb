import type { Log } from '../../kernel/index.ts'

interface Origin {
  readonly breaker: CircuitBreaker
  /** Every call earns a fifth of a retry. */
  deposit(): void
  /** Whether one more retry may be made; if so, it counts. */
  withdraw(): boolean
}

const MAX_ORIGINS = 1_000
const MAX_SAVED_RETRIES = 10
const CALLS_PER_RETRY = 5

/** What is known of each origin: of the 1,000 that were called last. Retries are at most 20 % of calls, and 10 more. */
export function trackOrigins({ log, now }: { readonly log: Pick<Log, 'info' | 'warn'>; readonly now: () => number }) {
  const origins = new Map<string, Origin>()
  return function originOf(origin: string): Origin {
    const known = origins.get(origin) ?? createOrigin(origin, { log, now })
    origins.delete(origin)
    origins.set(origin, known)
    if (origins.size > MAX_ORIGINS) origins.delete(origins.keys().next().value ?? '')
    return known
  }
}

function createOrigin(origin: string, { log, now }: Parameters<typeof trackOrigins>[0]): Origin {
  let saved = MAX_SAVED_RETRIES * CALLS_PER_RETRY
  let up = true
  const turn = (now: boolean, forMs?: number) => {
    if (up === now) return
    up = now
    if (now) log.info({ origin }, 'an origin answers again')
    else log.warn({ origin, forMs }, 'an origin keeps failing; it is left alone for a while')
  }
  return {
    breaker: createCircuitBreaker({ now, onOpen: (forMs) => turn(false, forMs), onClose: () => turn(true) }),
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

export type AttemptResult = 'well' | 'failed' | 'unknown'
/** Says, exactly once, what came of a try. */
type Settle = (health: AttemptResult) => void

interface CircuitBreaker {
  /** Undefined where no try may be made. */
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
 * Opens when, of the last 20 tries in 30 s, there were at least 5 and half of them failed. After 5 s one try is let
 * through: if it goes well the breaker closes, if it fails the 5 s begin again.
 */
export function createCircuitBreaker({ now, onOpen, onClose }: CircuitBreakerOptions): CircuitBreaker {
  let tries: { readonly at: number; readonly failed: boolean }[] = []
  let openUntil: number | undefined
  let probing = false

  const open = () => {
    openUntil = now() + OPEN_MS
    onOpen(OPEN_MS)
  }
  const record = (failed: boolean) => {
    const since = now() - WINDOW_MS
    tries = [...tries.filter(({ at }) => at > since), { at: now(), failed }].slice(-WINDOW_SIZE)
    const failures = tries.filter(({ failed }) => failed).length
    if (tries.length >= MIN_ATTEMPTS && failures * 2 >= tries.length) open()
  }
  const settle: Settle = (health) => {
    // What began before it opened says nothing about now.
    if (health !== 'unknown' && openUntil === undefined) record(health === 'failed')
  }
  const settleProbe: Settle = (health) => {
    probing = false
    if (health === 'failed') open()
    if (health !== 'well') return
    openUntil = undefined
    tries = []
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
