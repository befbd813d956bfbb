import { isWarm, type Scale } from '../../../src/contract/index.ts'
import { countDuration } from '../../../src/data/cost/durations.ts'
import type { CallMinute } from '../../../src/data/cost/read-minutes.ts'
import { addCounts, percentile } from './percentile.ts'
import { simulateCache } from './simulate-cache.ts'
import { type Load, type Running, simulateLives } from './simulate-lives.ts'

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

/** What a reply from a gateway's cache takes. */
const HIT_MS = 1
/** Where nothing tells how long the platform keeps an instance that has nothing to do: about as long as Knative does. */
const USUAL_IDLE_SECONDS = 60
const MAX_IDLE_SECONDS = 3_600
const USUAL_START_SECONDS = 1
const MINUTE_SECONDS = 60

/**
 * What the recorded calls would have cost, and how long they would have taken, if the contract had said something else. How long the platform
 * keeps idle instances, and how many calls wait for a start, is fitted to what was recorded with the contract as it is.
 */
export function whatIf({ minutes, settings, change, recorded, from, to }: WhatIfInput) {
  const [warm, cold] = [new Map<number, number>(), new Map<number, number>()]
  for (const minute of minutes) {
    addCounts(warm, minute.warm)
    addCounts(cold, minute.cold)
  }
  const waited = sum(cold)
  const calls = sum(warm) + waited
  const load = loadOf(minutes)
  const startSeconds = recorded.instances > 0 ? recorded.startingSeconds / recorded.instances : USUAL_START_SECONDS
  const run = (of: Settings, idleSeconds: number, load: readonly Load[]) => {
    const { min = 0, max, concurrency, warm: windows = [] } = of
    const running: Running = { min, max, concurrency, idleSeconds, startSeconds, warm: warmIn(windows, { from, to }) }
    return simulateLives(load, running, { from, to })
  }
  const idleSeconds = fitIdle((idle) => run(settings, idle, load).instanceSeconds, recorded.instanceSeconds)
  const asItWas = run(settings, idleSeconds, load)
  const perWaited = asItWas.waited > 0 && waited > 0 ? waited / asItWas.waited : 1
  if (waited === 0) countDuration(cold, startSeconds * 1_000)
  const hit = new Map<number, number>()
  countDuration(hit, HIT_MS)

  const outcomeOf = (lives: typeof asItWas, called: number, hits: number): Outcome => {
    const coldCalls = Math.min(called, lives.waited * perWaited)
    const parts = [
      { counts: warm, weight: called - coldCalls },
      { counts: cold, weight: coldCalls },
      { counts: hit, weight: hits },
    ]
    return {
      ...{ calls: called, coldStarts: lives.starts, instanceSeconds: lives.instanceSeconds },
      ...{ p50Ms: percentile(parts, 0.5), p99Ms: percentile(parts, 0.99) },
    }
  }
  const changed = { ...settings, ...change }
  const cached = simulateCache(minutes, load, changed.maxAgeSeconds)
  const before = simulateCache(minutes, load, settings.maxAgeSeconds)
  const isCached = changed.maxAgeSeconds !== settings.maxAgeSeconds
  const missedBefore = before.asked - before.hits
  const left = isCached && missedBefore > 0 ? (cached.asked - cached.hits) / missedBefore : 1
  return {
    idleSeconds,
    recorded: {
      ...outcomeOf({ ...asItWas, waited: perWaited > 0 ? waited / perWaited : 0 }, calls, before.hits),
      ...{ coldStarts: recorded.instances, instanceSeconds: recorded.instanceSeconds },
    },
    simulated: outcomeOf(asItWas, calls, before.hits),
    changed: outcomeOf(run(changed, idleSeconds, isCached ? cached.load : load), calls * left, cached.hits),
  }
}

const sum = (counts: ReadonlyMap<number, number>) => [...counts.values()].reduce((total, count) => total + count, 0)

/** By second, of all gateways together. */
function loadOf(minutes: readonly CallMinute[]): readonly Load[] {
  const seconds = new Map<number, Load>()
  for (const { second: minute, began, peaks } of minutes) {
    for (const [i, peak] of peaks.entries()) {
      if (peak === 0) continue
      const second = minute + i
      const known = seconds.get(second)
      seconds.set(second, { second, began: (known?.began ?? 0) + (began[i] ?? 0), peak: (known?.peak ?? 0) + peak })
    }
  }
  return [...seconds.values()]
}

/** The idle time by which the model has as many seconds of instances as were recorded: more of it never has fewer. */
function fitIdle(secondsWith: (idleSeconds: number) => number, recorded: number): number {
  let [low, high] = [0, MAX_IDLE_SECONDS]
  if (secondsWith(low) >= recorded || secondsWith(high) <= recorded) return USUAL_IDLE_SECONDS
  for (let i = 0; i < 30; i++) {
    const middle = (low + high) / 2
    if (secondsWith(middle) < recorded) low = middle
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
