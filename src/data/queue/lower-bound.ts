const FULL_EVERY_MS = 10_000
/** A full look may cost this share of the time. */
const FULL_SHARE = 0.02

/** Looks that begin where the last one ended, and now and then from the start. */
export interface LowerBound<Bound> {
  /** Where the next look begins; undefined: at the start, since a full one is due. */
  next(): Bound | undefined
  /** What the look that began at `next()` has found. */
  found(bound: Bound): void
  /** The last one. */
  readonly last: () => Bound | undefined
}

/**
 * Keeps the cost of a look at what waits in an index to what is there: without a bound it would walk over everything that has
 * passed through since the oldest snapshot that anybody holds, such as a pg_dump. Whatever was committed too late to be found
 * from the bound on is found by the next full look: every 10 s, or less often where one takes long.
 */
export function createLowerBound<Bound>({ now = () => performance.now() } = {}): LowerBound<Bound> {
  let bound: Bound | undefined
  let fullDueAt = Number.NEGATIVE_INFINITY
  let startedAt = 0
  let isFull = false
  return {
    next() {
      startedAt = now()
      isFull = bound === undefined || startedAt >= fullDueAt
      return isFull ? undefined : bound
    },
    found(since) {
      bound = since
      if (!isFull) return
      const endedAt = now()
      fullDueAt = endedAt + Math.max(FULL_EVERY_MS, (endedAt - startedAt) / FULL_SHARE)
    },
    last: () => bound,
  }
}
