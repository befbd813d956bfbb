import type { Variant } from './assign-variant.ts'
import { addLatencies, bucketOf, type Latencies, noLatencies } from './latencies.ts'

/** What became of the requests to one variant: of an endpoint, or of the deliveries to a subscriber. */
export interface VariantCounts {
  readonly requests: number
  /** Without an answer, or with a status of 500 and more; for a delivery, any but a success. */
  readonly failures: number
  /** With a status that the contract does not have: an error that nobody has declared, which is what a function's 500 is, among them. */
  readonly undeclared: number
  /** With a status from 400 to 499. */
  readonly refusals: number
  /** Whose body was compared with the contract, and how many of them break it. */
  readonly checked: number
  readonly broken: number
  /** That began with a start; they count nowhere in the latencies. */
  readonly coldStarts: number
  readonly coldMs: number
  readonly latencies: Latencies
}

/** Of both, in the same time. */
export interface CanaryCounts {
  readonly stable: VariantCounts
  readonly canary: VariantCounts
}

export const addCounts = (a: VariantCounts, b: VariantCounts): VariantCounts => ({
  requests: a.requests + b.requests,
  failures: a.failures + b.failures,
  undeclared: a.undeclared + b.undeclared,
  refusals: a.refusals + b.refusals,
  checked: a.checked + b.checked,
  broken: a.broken + b.broken,
  coldStarts: a.coldStarts + b.coldStarts,
  coldMs: a.coldMs + b.coldMs,
  latencies: addLatencies(a.latencies, b.latencies),
})

/** What became of one call of a function that has a canary. */
export interface VariantResponse {
  readonly name: string
  readonly variant: Variant
  /** Undefined where there was no answer. */
  readonly status: number | undefined
  /** Whether the contract has no answer of this status. */
  readonly undeclared: boolean
  /** Whether the body breaks the contract; undefined where it was not compared. */
  readonly broken: boolean | undefined
  readonly cold: boolean
  /** Until the answer began. */
  readonly waitMs: number | undefined
  /** Whether an instance of the revision answered; default: yes. */
  readonly isReached?: boolean
}

/** Counts one more, in place. */
export function countResponse(counts: MutableCounts, response: VariantResponse): void {
  const { status = 599, undeclared, broken, cold, waitMs } = response
  counts.requests++
  if (status >= 500) counts.failures++
  if (undeclared) counts.undeclared++
  if (status >= 400 && status < 500) counts.refusals++
  if (broken !== undefined) counts.checked++
  if (broken) counts.broken++
  if (cold) {
    counts.coldStarts++
    counts.coldMs += Math.round(waitMs ?? 0)
  } else if (waitMs !== undefined) {
    const bucket = bucketOf(waitMs)
    counts.latencies[bucket] = (counts.latencies[bucket] ?? 0) + 1
  }
}

export type MutableCounts = {
  -readonly [Name in keyof VariantCounts]: VariantCounts[Name] extends number ? number : number[]
}

export const newCounts = (): MutableCounts => ({
  ...{ requests: 0, failures: 0, undeclared: 0, refusals: 0, checked: 0, broken: 0, coldStarts: 0, coldMs: 0 },
  latencies: noLatencies(),
})
