/** A request that is over, or a call of the relay. */
export interface CountedRequest {
  /** The function or proxy that it was for. */
  readonly route: string
  readonly plan: string | undefined
  readonly tenant: string | undefined
  /** Whether it came to the function, and whether that had to start for it. */
  readonly called: boolean
  readonly cold: boolean
  /** Whether a relay calls the function for it later. */
  readonly deferred?: boolean | undefined
  /** How long the function took to respond; undefined where it did not. */
  readonly waitSeconds: number | undefined
  /** That were sent to the caller. */
  readonly bytes: number
}

/** The sums of requests that have route, plan and tenant in common; '' is nobody's. */
export interface CallTally {
  readonly route: string
  readonly plan: string
  readonly tenant: string
  requests: number
  calls: number
  deferred: number
  coldStarts: number
  warmSeconds: number
  bytes: number
}

/** Whoever has more than so many tenants in a few seconds sees the others as one. */
const MAX_TALLIES = 2_000
const OTHERS = '*'

/** Sums up requests until the sums are taken. */
export function createCallTallies() {
  let tallies = new Map<string, CallTally>()
  const tallyOf = (route: string, plan: string, tenant: string): CallTally => {
    const key = `${route} ${plan} ${tenant}`
    const known = tallies.get(key)
    if (known) return known
    if (tallies.size >= MAX_TALLIES && tenant !== OTHERS) return tallyOf(route, plan, OTHERS)
    const tally = { route, plan, tenant, requests: 0, calls: 0, deferred: 0, coldStarts: 0, warmSeconds: 0, bytes: 0 }
    tallies.set(key, tally)
    return tally
  }
  return {
    count({ route, plan = '', tenant = '', called, deferred, cold, waitSeconds = 0, bytes }: CountedRequest): void {
      const tally = tallyOf(route, plan, tenant)
      tally.requests++
      tally.bytes += bytes
      if (deferred) tally.deferred++
      if (!called) return
      tally.calls++
      if (cold) tally.coldStarts++
      else tally.warmSeconds += waitSeconds
    },
    take(): readonly CallTally[] {
      const taken = [...tallies.values()]
      tallies = new Map()
      return taken
    },
  }
}
