import type { EndedRequest } from 'ebb/http/gateway'
import { createBoundedMap, getOrCreate } from 'ebb/kernel'
import type { Traffic } from '../../../src/protocol/admin/requests.ts'

const STEP_SECONDS = 10
const STEP_MS = STEP_SECONDS * 1_000
const STEPS = 60
/** Upper bounds of a bucket in ms, each a quarter above the one before: 1 ms to more than a minute. */
const BOUNDS = Array.from({ length: 52 }, (_, i) => 1.25 ** i)
const BUCKETS = BOUNDS.length + 1
/** More routes than any project has; those that were removed stay until there are so many. */
const MAX_ROUTES = 1_000

/** What is counted in each step. */
const COUNTS = ['requests', 'errors', 'cold', 'notInvoked'] as const

interface Row {
  readonly method: string
  readonly route: string
  /** The step that was counted last, since 1970. */
  step: number
  /** By step, around. */
  readonly counts: Readonly<Record<(typeof COUNTS)[number], Uint32Array>>
  /** The same, with all buckets of a step together. */
  readonly latencies: Uint32Array
}

export type CountedTraffic = ReturnType<typeof countTraffic>

/** Counts requests by route over the last ten minutes. */
export function countTraffic(gateway: string, { now = Date.now } = {}) {
  const rows = createBoundedMap<string, Row>(MAX_ROUTES)
  const stepNow = () => Math.floor(now() / STEP_MS)

  return {
    count({ function: name, route, method, status, durationMs, cold, invoked }: EndedRequest): void {
      if (name === undefined || route === undefined) return
      const step = stepNow()
      const row = getOrCreate(rows, name, () => newRow(method, route, step))
      forgetBefore(row, step)
      const place = step % STEPS
      const add = (counts: Uint32Array, at: number) => {
        counts[at] = (counts[at] ?? 0) + 1
      }
      add(row.counts.requests, place)
      if (status >= 500) add(row.counts.errors, place)
      if (cold) add(row.counts.cold, place)
      if (!invoked) add(row.counts.notInvoked, place)
      add(row.latencies, place * BUCKETS + bucketOf(durationMs))
    },

    show(): Traffic {
      const step = stepNow()
      const from = new Date((step - STEPS + 1) * STEP_MS).toISOString()
      const traffic = [...rows].map(([name, row]) => {
        forgetBefore(row, step)
        return describeRow(name, row, step)
      })
      const seen = traffic.filter(({ totals }) => totals.requests > 0)
      return { gateway, from, stepSeconds: STEP_SECONDS, steps: STEPS, traffic: seen }
    },
  }
}

const newRow = (method: string, route: string, step: number): Row => ({
  ...{ method, route, step },
  counts: {
    requests: new Uint32Array(STEPS),
    errors: new Uint32Array(STEPS),
    cold: new Uint32Array(STEPS),
    notInvoked: new Uint32Array(STEPS),
  },
  latencies: new Uint32Array(STEPS * BUCKETS),
})

/** Clears the places of the steps that have passed without a request. */
function forgetBefore(row: Row, step: number): void {
  for (let passed = Math.max(row.step, step - STEPS) + 1; passed <= step; passed++) {
    const place = passed % STEPS
    for (const name of COUNTS) row.counts[name][place] = 0
    row.latencies.fill(0, place * BUCKETS, (place + 1) * BUCKETS)
  }
  row.step = Math.max(row.step, step)
}

function describeRow(name: string, { method, route, counts, latencies }: Row, step: number) {
  const inOrder = (ring: Uint32Array) => Array.from({ length: STEPS }, (_, i) => ring[(step + 1 + i) % STEPS] ?? 0)
  const { requests, errors, cold, notInvoked } = counts
  const buckets = Array.from({ length: BUCKETS }, (_, bucket) =>
    sum(latencies.filter((_count, place) => place % BUCKETS === bucket)),
  )
  const totals = { requests: sum(requests), errors: sum(errors), cold: sum(cold), notInvoked: sum(notInvoked) }
  return {
    ...{ function: name, method, route },
    ...{ requests: inOrder(requests), errors: inOrder(errors), cold: inOrder(cold), notInvoked: inOrder(notInvoked) },
    ms: { p50: quantile(buckets, 0.5), p95: quantile(buckets, 0.95), p99: quantile(buckets, 0.99) },
    totals,
  }
}

const sum = (counts: Uint32Array) => counts.reduce((all, one) => all + one, 0)

function bucketOf(durationMs: number): number {
  const found = BOUNDS.findIndex((bound) => durationMs <= bound)
  return found === -1 ? BOUNDS.length : found
}

/** The upper bound of the bucket that holds this part of all, in whole milliseconds; null where there are none. */
function quantile(buckets: readonly number[], part: number): number | null {
  const all = buckets.reduce((sum, one) => sum + one, 0)
  if (all === 0) return null
  let passed = 0
  const found = buckets.findIndex((count) => {
    passed += count
    return passed >= all * part
  })
  return Math.round(BOUNDS[found] ?? BOUNDS.at(-1) ?? 0)
}
