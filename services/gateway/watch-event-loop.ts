import { monitorEventLoopDelay } from 'node:perf_hooks'

/** How often the delay is sampled, and how often these samples become one figure. */
const RESOLUTION_MS = 20
const PERIOD_MS = 250
/** So many figures in a row: one that is late for a moment catches up by itself. */
const PERIODS = 4
/** Of one core: a process that used less is late since others use the machine, and would be so with fewer requests, too. */
const MIN_CPU_SHARE = 0.3

/** Measures how late this process is with what it has to do: what it was late at least, in all quarters of the last second. */
export function watchEventLoop() {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delays.enable()
  let last: readonly number[] = []
  let cpu = process.cpuUsage()
  let at = performance.now()
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage(cpu)
    const share = (user + system) / 1_000 / (performance.now() - at)
    // A period without a sample is one in which nothing ran: `max` would be of an earlier one.
    const lateMs = delays.count > 0 ? Math.max(0, delays.mean / 1e6 - RESOLUTION_MS) : PERIOD_MS
    last = [...last, share < MIN_CPU_SHARE ? 0 : lateMs].slice(-PERIODS)
    cpu = process.cpuUsage()
    at = performance.now()
    delays.reset()
  }, PERIOD_MS).unref()
  return {
    lagMs: () => (last.length < PERIODS ? 0 : Math.min(...last)),
    close: () => {
      clearInterval(timer)
      delays.disable()
    },
  }
}
