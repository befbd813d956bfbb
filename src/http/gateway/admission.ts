import type { Limit } from '../../contract/index.ts'
import type { Charge } from '../../kernel/index.ts'

/** What a request is counted against at once: all of it, or nothing where any of it refuses. */
export interface AdmissionRequest {
  readonly rates: readonly { readonly key: string; readonly limit: Limit }[]
  /** Of these requests at most `max` may be under way at a time. */
  readonly slots?: { readonly key: string; readonly max: number } | undefined
  /** Whether it is only to be decided, and nothing counted or held. */
  readonly peek?: boolean
}

/** The decision on a request. */
export interface Admission {
  readonly allowed: boolean
  /** Of each rate, in the order of the request. */
  readonly rates: readonly RateLimitDecision[]
  readonly slots?: { readonly allowed: boolean; readonly remaining: number } | undefined
  /** Frees the slot. To be called once, when the request is over. */
  readonly release: () => void
  /** Frees the slot, and takes back what was counted: something else has refused the request. */
  readonly undo: () => void
}

/** Counts one request. Never rejects, and never waits for long: it decides with what it knows. */
export type RateLimiter = (request: AdmissionRequest) => Admission | Promise<Admission>

export interface RateLimitDecision {
  readonly allowed: boolean
  /** How many more requests may come at once. */
  readonly remaining: number
  /** Until all of it is free again, where allowed; otherwise until the next request may come. */
  readonly waitSeconds: number
}

/** Who has which plan, and what they have used of it. */
export interface Plans {
  /** The name of a tenant's plan; undefined where it has none. Rejects with a Problem while it cannot be looked up. */
  readonly ofTenant: (tenant: string) => string | undefined | Promise<string | undefined>
  readonly meter: Meter
}

export interface Meter {
  /** Counts a request against its quota for good, or refuses it. Rejects with a Problem 503 while it cannot be counted. */
  readonly take: (charge: Charge) => Promise<RateLimitDecision>
  /** The refusal of a quota that is known to be used up. */
  readonly findRefusal: (charge: Charge) => RateLimitDecision | undefined
  /** What is used of the quota of a charge, without counting anything; default: nobody knows. */
  readonly readUsed?: ((charge: Charge) => Promise<number | undefined>) | undefined
  /** Takes back what `take` has counted: the request was refused after it, or its caller is gone. */
  readonly giveBack: (charge: Charge) => void
  /** Counts within a second a request that has no quota, or one that was refused. */
  readonly count: (charge: Charge, what: 'requests' | 'refused') => void
}
