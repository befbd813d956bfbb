import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { Load } from '../../src/http/gateway/dependencies.ts'

/** How often the delay is sampled, and how often these samples become one figure. */
const RESOLUTION_MS = 20
const PERIOD_MS = 250
/** So many figures in a row: a process that is late for a moment catches up by itself. */
const PERIODS = 4
/** A process that is idle for more than that, or gets less of a core, is late because of others, and refuses nothing for it. */
const BUSY = 0.9
const MIN_CPU_SHARE = 0.3
/** Nor where fewer requests come: it is not they that keep it busy. */
const MIN_REQUESTS_PER_PERIOD = 25

/** Measures how late this process is with what its requests give it to do: at least so late in all quarters of the last second. */
export function watchEventLoop(): Load & { readonly close: () => void } {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delays.enable()
  let last: readonly number[] = []
  let requests = 0
  let before = { loop: performance.eventLoopUtilization(), cpu: process.cpuUsage(), at: performance.now() }
  const timer = setInterval(() => {
    const now = { loop: performance.eventLoopUtilization(), cpu: process.cpuUsage(), at: performance.now() }
    const { utilization } = performance.eventLoopUtilization(now.loop, before.loop)
    const { user, system } = process.cpuUsage(before.cpu)
    const share = (user + system) / 1_000 / (now.at - before.at)
    const isBusy = utilization >= BUSY && share >= MIN_CPU_SHARE && requests >= MIN_REQUESTS_PER_PERIOD
    // Without a sample nothing else has run, either.
    const meanMs = delays.count > 0 ? delays.mean / 1e6 - RESOLUTION_MS : PERIOD_MS
    last = [...last, isBusy ? Math.max(0, meanMs) : 0].slice(-PERIODS)
    before = now
    requests = 0
    delays.reset()
  }, PERIOD_MS).unref()
  return {
    requestCame: () => {
      requests++
    },
    lagMs: () => (last.length < PERIODS ? 0 : Math.min(...last)),
    close: () => {
      clearInterval(timer)
      delays.disable()
    },
  }
}
