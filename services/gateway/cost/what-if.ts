import { isWarm, type Scale } from '../../../src/contract/index.ts'
import type { CallMinute } from '../../../src/data/cost/read-minutes.ts'
import { type Arrival, callsIn, requestsIn } from './arrivals.ts'
import { createDurations, distributionOf, drawFrom } from './distribution.ts'
import { HIT_MS, type Lives, simulateCalls } from './simulate-calls.ts'

/** What a contract says of how its function runs. */
export interface Settings extends Scale {
  readonly maxAgeSeconds: number
}

export interface Outcome {
  readonly calls: number
  readonly coldStarts: number
  readonly instanceSeconds: number
  readonly p50Ms: number | null
  readonly p99Ms: number | null
}

export interface WhatIfInput {
  readonly minutes: readonly CallMinute[]
  /** As the contract is now, and what would be otherwise. */
  readonly settings: Settings
  readonly change: Partial<Settings>
  /** Of instances, as they were recorded. */
  readonly recorded: { readonly instances: number; readonly instanceSeconds: number; readonly startingSeconds: number }
  /** In seconds since 1970. */
  readonly from: number
  readonly to: number
}

/** Where nothing tells how long the platform keeps an instance that has nothing to do: about as long as Knative does. */
const USUAL_IDLE_SECONDS = 60
const MAX_IDLE_SECONDS = 3_600
const USUAL_START_MS = 1_000
/** By so many runs the idle time is found to a hundredth. */
const FITTING_RUNS = 14
const MINUTE_SECONDS = 60

/**
 * What the recorded calls would have cost, and how long they would have taken, if the contract had said something else. How long the platform
 * keeps idle instances is fitted to what was recorded with the contract as it is.
 */
export async function whatIf({ minutes, settings, change, recorded, from, to }: WhatIfInput) {
  const changed = { ...settings, ...change }
  const [calls, requests] = [callsIn(minutes), requestsIn(minutes)]
  const arrivals = settings.maxAgeSeconds > 0 || changed.maxAgeSeconds > 0 ? withOthers(requests, calls) : calls
  const simulate = ({ min = 0, max, concurrency, warm = [], maxAgeSeconds }: Settings, idleSeconds: number) => {
    const instances = { min, max, concurrency, idleSeconds, warm: warmIn(warm, { from, to }) }
    return simulateCalls(arrivals, { ...instances, maxAgeSeconds, from, to }, timesOf(minutes, recorded))
  }
  const idleSeconds = await fitIdle(
    async (idle) => (await simulate(settings, idle)).instanceSeconds,
    recorded.instanceSeconds,
  )
  const hits = createDurations()
  if (settings.maxAgeSeconds > 0) for (let i = calls.length; i < arrivals.length; i++) hits.count(HIT_MS)
  const took = distributionOf(
    minutes.flatMap(({ warm, waited }) => [warm, waited]),
    [hits.durations],
  )
  return {
    idleSeconds,
    recorded: {
      ...{ calls: calls.length, coldStarts: recorded.instances, instanceSeconds: recorded.instanceSeconds },
      ...{ p50Ms: took.quantile(0.5) ?? null, p99Ms: took.quantile(0.99) ?? null },
    },
    simulated: outcomeOf(await simulate(settings, idleSeconds)),
    changed: outcomeOf(await simulate(changed, idleSeconds)),
  }
}

function outcomeOf({ calls, starts, instanceSeconds, durations }: Lives): Outcome {
  const { quantile } = distributionOf([], [durations])
  return {
    ...{ calls, coldStarts: starts, instanceSeconds },
    ...{ p50Ms: quantile(0.5) ?? null, p99Ms: quantile(0.99) ?? null },
  }
}

/** What could be cached, and the calls that nothing of it explains, such as those of a relay: evenly from all of them. */
function withOthers(requests: readonly Arrival[], calls: readonly Arrival[]): readonly Arrival[] {
  const others = Math.max(0, calls.length - requests.length)
  const isOne = (i: number) => Math.floor(((i + 1) * others) / calls.length) > Math.floor((i * others) / calls.length)
  return [...requests, ...calls.filter((_, i) => isOne(i))].sort((a, b) => a.at - b.at)
}

/** How long calls and starts take, by what was recorded: what the first call of an instance takes longer than others is part of the start. */
function timesOf(minutes: readonly CallMinute[], { instances, startingSeconds }: WhatIfInput['recorded']) {
  const warm = distributionOf(minutes.map((minute) => minute.warm))
  const waited = distributionOf(minutes.map((minute) => minute.waited))
  const starts = distributionOf(minutes.map((minute) => minute.starts))
  const tailSeconds = minutes.reduce((sum, minute) => sum + minute.tailSeconds, 0)
  const serviceMs = drawFrom(warm, waited.quantile(0) ?? 0)
  const usualMs = warm.quantile(0.5) ?? 0
  const startMs = drawFrom(starts, instances > 0 ? (startingSeconds / instances) * 1_000 + usualMs : USUAL_START_MS)
  return {
    ...{ serviceMs, startMs: () => Math.max(1, startMs() - usualMs) },
    tailMs: (tailSeconds * 1_000) / Math.max(1, warm.count + waited.count),
  }
}

/** The idle time by which the simulation has as many seconds of instances as were recorded: more of it has more. */
async function fitIdle(secondsWith: (idleSeconds: number) => Promise<number>, recorded: number): Promise<number> {
  let [low, high] = [0, MAX_IDLE_SECONDS]
  if ((await secondsWith(low)) >= recorded || (await secondsWith(high)) <= recorded) return USUAL_IDLE_SECONDS
  for (let i = 0; i < FITTING_RUNS; i++) {
    // By ratios, so that short times are found as exactly as long ones.
    const middle = Math.sqrt((low + 1) * (high + 1)) - 1
    if ((await secondsWith(middle)) < recorded) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** The minutes in which windows keep an instance warm, as seconds since 1970. */
function warmIn(windows: NonNullable<Scale['warm']>, { from, to }: { readonly from: number; readonly to: number }) {
  const spans: [number, number][] = []
  if (windows.length === 0) return spans
  for (let at = from; at < to; at += MINUTE_SECONDS) {
    if (!isWarm(windows, new Date(at * 1_000))) continue
    const end = Math.min(at + MINUTE_SECONDS, to)
    const last = spans.at(-1)
    if (last && last[1] >= at) last[1] = end
    else spans.push([at, end])
  }
  return spans
}
