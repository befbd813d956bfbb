import { createBoundedMap, type Log } from '../../kernel/index.ts'
import { type CircuitBreaker, createCircuitBreaker } from './circuit-breaker.ts'

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
