/**
 * What callers may rely on over some time (a service level objective): how many requests succeed, and how fast. The gateway measures
 * both, and alerts fire by how fast the rest, the error budget, is used up.
 * @example const objective: Objective = { availability: 99.9, latencyMs: { p99: 300 }, days: 30 }
 * @see docs/guide/47-objectives.md
 */
export interface Objective {
  /** The requests of a hundred that are not answered by a 5xx: 50 to 99.999. */
  readonly availability?: number
  /** How long the faster ones of a hundred requests take at most, in milliseconds at the gateway, cold starts included: one percentile, such as `{ p99: 300 }`. */
  readonly latencyMs?: Readonly<Partial<Record<Percentile, number>>>
  /** Over how many days: 7 to 90. Default: 30. */
  readonly days?: number
}

/**
 * A share of requests in percent: `p99.9` is 999 of 1,000.
 * @example const percentile: Percentile = 'p99'
 */
export type Percentile = 'p50' | 'p75' | 'p90' | 'p95' | 'p99' | 'p99.5' | 'p99.9'
