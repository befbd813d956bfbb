import type { Series } from './promtool.ts'

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

interface TrafficOptions {
  readonly random: () => number
  /** How many steps it lasts. */
  readonly steps: number
  /** Requests in a step, at least and at most. */
  readonly requests: readonly [number, number]
}

/** How many requests of a route succeed, fail and are slow, in times of several hours or minutes with one rate each: as promtool writes it. */
export function randomTraffic({ random, steps, requests: [least, most] }: TrafficOptions) {
  const between = (from: number, to: number) => from * (to / from) ** random()
  const written = { good: [] as string[], failed: [] as string[], slow: [] as string[] }
  const total = { good: 0, failed: 0, slow: 0 }
  for (let left = steps; left > 0; ) {
    const length = Math.min(left, Math.ceil(between(2, steps / 2)))
    const requests = between(least, most)
    // Mostly well, now and then bad, and sometimes far beyond what any objective allows.
    const [failing, slow] = [share(random(), between), share(random(), between)]
    const rates = { good: requests * (1 - failing), failed: requests * failing, slow: requests * slow }
    for (const kind of ['good', 'failed', 'slow'] as const) {
      written[kind].push(`${total[kind]}+${rates[kind]}x${length - 1}`)
      total[kind] += rates[kind] * length
    }
    left -= length
  }
  return { good: written.good.join(' '), failed: written.failed.join(' '), slow: written.slow.join(' ') }
}

function share(kind: number, between: (from: number, to: number) => number): number {
  if (kind < 0.3) return 0
  return kind < 0.85 ? between(0.0001, 0.02) : between(0.02, 0.8)
}

/** The series of a route that promises 99.9 % without a failure and 99 % in time, over so many days. */
export function seriesOf(
  route: string,
  days: number,
  traffic: ReturnType<typeof randomTraffic>,
  steps: number,
): Series {
  const labels = `namespace="default",pod="ebb-gateway-1",method="GET",route="${route}"`
  return {
    [`http_server_request_duration_seconds_count{${labels},status="200"}`]: traffic.good,
    [`http_server_request_duration_seconds_count{${labels},status="500"}`]: traffic.failed,
    [`ebb_slow_requests_total{${labels}}`]: traffic.slow,
    [`ebb_objective_budget_ratio{${labels},objective="availability"}`]: `0.001x${steps}`,
    [`ebb_objective_budget_ratio{${labels},objective="latency"}`]: `0.01x${steps}`,
    [`ebb_objective_period_days{${labels}}`]: `${days}x${steps}`,
  }
}
