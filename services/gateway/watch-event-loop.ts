import { monitorEventLoopDelay } from 'node:perf_hooks'

/** How often the delay is sampled, and for how long one figure is used. */
const RESOLUTION_MS = 20
const PERIOD_MS = 250

/** Measures how late this process is with what it has to do: the mean of the last quarter of a second. */
export function watchEventLoop() {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delays.enable()
  let lagMs = 0
  const timer = setInterval(() => {
    // A period without a sample is one in which nothing ran: `max` would be of an earlier one.
    lagMs = delays.count > 0 ? Math.max(0, delays.mean / 1e6 - RESOLUTION_MS) : PERIOD_MS
    delays.reset()
  }, PERIOD_MS).unref()
  return {
    lagMs: () => lagMs,
    close: () => {
      clearInterval(timer)
      delays.disable()
    },
  }
}
