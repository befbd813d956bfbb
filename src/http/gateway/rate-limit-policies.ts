import { type Limit, Problem, type Quota } from '../../contract/index.ts'
import type { Admission, RateLimitDecision } from './admission.ts'

/** One of the limits that a request was counted against, and what came of it. */
export interface Policy {
  /** By which the fields and a refusal name it. */
  readonly name: string
  /** Its parameters in `RateLimit-Policy`. */
  readonly parameters: string
  /** In words, for a refusal. */
  readonly words: string
  readonly allowed: boolean
  readonly remaining: number
  /** Undefined where nobody knows. */
  readonly waitSeconds: number | undefined
}

const UNDECIDED: RateLimitDecision = { allowed: true, remaining: 0, waitSeconds: 0 }

/** A rate: the size of its bucket, and the seconds that it takes to fill. */
export const ratePolicy = (name: string, limit: Limit, decision: RateLimitDecision = UNDECIDED): Policy => ({
  ...{ name, ...decision },
  parameters: `q=${limit.burst};w=${Math.ceil((limit.burst * limit.perSeconds) / limit.requests)}`,
  words: `${name === 'rate' ? 'Your plan’s rate' : 'The limit'} is ${requests(limit.requests)} in ${limit.perSeconds} s`,
})

/** A month has no window, since it has no length of its own; what remains says how long it lasts. */
export const quotaPolicy = ({ requests: max, per }: Quota, decision: RateLimitDecision): Policy => ({
  ...{ name: `quota-${per}`, ...decision },
  parameters: per === 'day' ? `q=${max};w=86400` : `q=${max}`,
  words: `Your plan’s quota is ${requests(max)} a ${per}`,
})

export const concurrencyPolicy = (
  max: number,
  { allowed, remaining }: NonNullable<Admission['slots']> = UNDECIDED,
): Policy => ({
  ...{ name: 'concurrency', allowed, remaining, waitSeconds: undefined },
  parameters: `q=${max};qu="concurrent-requests"`,
  words: `Your plan allows ${requests(max)} at a time`,
})

/** The fields of draft-ietf-httpapi-ratelimit-headers-11, of which each is a list of structured fields (RFC 9651). */
export function describePolicies(policies: readonly Policy[], headers: Record<string, string>) {
  if (policies.length === 0) return
  headers['ratelimit-policy'] = policies.map(({ name, parameters }) => `"${name}";${parameters}`).join(', ')
  headers.ratelimit = policies.map(toServiceLimit).join(', ')
}

const toServiceLimit = ({ name, remaining, waitSeconds }: Policy) =>
  waitSeconds === undefined ? `"${name}";r=${remaining}` : `"${name}";r=${remaining};t=${waitSeconds}`

/** A request that is under way may be over at any time. */
const SLOT_WAIT_SECONDS = 1

/** The 429 that names the policy which keeps the caller waiting longest; undefined where all allow the request. */
export function refusalOf(policies: readonly Policy[]): Problem | undefined {
  const [first, ...others] = policies.filter(({ allowed }) => !allowed)
  if (!first) return undefined
  const waitOf = ({ waitSeconds = SLOT_WAIT_SECONDS }: Policy) => waitSeconds
  const longest = others.reduce((one, other) => (waitOf(other) > waitOf(one) ? other : one), first)
  const retryAfterSeconds = waitOf(longest)
  const message = `${longest.words}; the next may come in ${retryAfterSeconds} s.`
  return new Problem('rate_limited', 429, message, { policy: longest.name, retryAfterSeconds })
}

const requests = (n: number) => `${n} ${n === 1 ? 'request' : 'requests'}`
