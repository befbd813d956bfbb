import type { Log } from '../../kernel/index.ts'
import { type Breaker, createBreaker } from './breaker.ts'

export interface Origin {
  readonly breaker: Breaker
  /** Every call earns a fifth of a retry. */
  earn(): void
  /** Whether one more retry may be made; if so, it counts. */
  spend(): boolean
}

const MOST_ORIGINS = 1_000
const SAVED_RETRIES = 10
const CALLS_PER_RETRY = 5

/** What is known of each origin: of the 1,000 that were called last. Retries are at most 20 % of calls, and 10 more. */
export function trackOrigins({ log, now }: { readonly log: Pick<Log, 'info' | 'warn'>; readonly now: () => number }) {
  const origins = new Map<string, Origin>()
  return function originOf(origin: string): Origin {
    const known = origins.get(origin) ?? createOrigin(origin, { log, now })
    origins.delete(origin)
    origins.set(origin, known)
    if (origins.size > MOST_ORIGINS) origins.delete(origins.keys().next().value ?? '')
    return known
  }
}

function createOrigin(origin: string, { log, now }: Parameters<typeof trackOrigins>[0]): Origin {
  let saved = SAVED_RETRIES * CALLS_PER_RETRY
  let up = true
  const turn = (now: boolean, forMs?: number) => {
    if (up === now) return
    up = now
    if (now) log.info({ origin }, 'an origin answers again')
    else log.warn({ origin, forMs }, 'an origin keeps failing; it is left alone for a while')
  }
  return {
    breaker: createBreaker({ now, onOpen: (forMs) => turn(false, forMs), onClose: () => turn(true) }),
    earn: () => {
      saved = Math.min(saved + 1, SAVED_RETRIES * CALLS_PER_RETRY)
    },
    spend: () => {
      if (saved < CALLS_PER_RETRY) return false
      saved -= CALLS_PER_RETRY
      return true
    },
  }
}
