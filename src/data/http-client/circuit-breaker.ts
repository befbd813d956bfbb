/** What one attempt says about its origin; an ignored one says nothing, such as one that its caller gave up. */
export type AttemptResult = 'success' | 'failure' | 'ignored'
/** To be called exactly once, with the result of the attempt. */
type Settle = (result: AttemptResult) => void

/** Rejects calls to an origin that keeps failing, instead of letting each of them wait for its own timeout. */
export interface CircuitBreaker {
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
