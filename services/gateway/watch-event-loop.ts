import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { Load } from '../../src/http/gateway/dependencies.ts'

/** How often the delay is sampled, and for how long one figure is used. */
const RESOLUTION_MS = 20
const PERIOD_MS = 250
/** A process that is idle for more than that is late because of others, and refuses nothing for it. */
const BUSY = 0.9
/** Nor where fewer requests come: it is not they that keep it busy. */
const MIN_REQUESTS_PER_PERIOD = 25

/** Measures how late this process is with what its requests give it to do: the mean of the last quarter of a second. */
export function watchEventLoop(): Load & { readonly close: () => void } {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delays.enable()
  let [lagMs, requests] = [0, 0]
  let before = performance.eventLoopUtilization()
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, before)
    const isBusy = utilization >= BUSY && requests >= MIN_REQUESTS_PER_PERIOD
    // Without a sample nothing else has run, either.
    const meanMs = delays.count > 0 ? delays.mean / 1e6 - RESOLUTION_MS : PERIOD_MS
    lagMs = isBusy ? Math.max(0, meanMs) : 0
    before = now
    requests = 0
    delays.reset()
  }, PERIOD_MS).unref()
  return {
    requestCame: () => {
      requests++
    },
    lagMs: () => lagMs,
    close: () => {
      clearInterval(timer)
      delays.disable()
    },
  }
}
