import { rankOf } from './zipf.ts'

interface EndpointsOptions {
  readonly endpoints: number
  readonly startSeconds: number
  readonly idleSeconds: number
  readonly oneIn: number
  readonly random: () => number
}

/** Endpoints by Zipf's law, whose last instance ends when none of its requests has come for so long. */
export function createEndpoints({ endpoints, startSeconds, idleSeconds, oneIn, random }: EndpointsOptions) {
  const lastAt = new Float64Array(endpoints)
  const readyAt = new Float64Array(endpoints)
  return {
    /** When an instance takes a request: at once, or when the one that it has to wait for has started. */
    ready(at: number): number {
      const endpoint = rankOf(random(), endpoints)
      const pause = at - (lastAt[endpoint] ?? 0)
      lastAt[endpoint] = at
      // One in so many requests: the pauses between all of them are as much shorter.
      if (pause / oneIn > idleSeconds) readyAt[endpoint] = at + startSeconds
      return Math.max(at, readyAt[endpoint] ?? 0)
    },
  }
}
