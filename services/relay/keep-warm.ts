import type { Log } from 'ebb/kernel'
import { isWarm, type Route, type Subscription } from '../../src/contract/index.ts'
import type { ProbeFunction } from './call-function.ts'

export interface KeepWarmOptions {
  readonly functions: () => readonly Pick<Route | Subscription, 'name' | 'scale'>[]
  readonly probe: ProbeFunction
  readonly log: Log
  /** Default: 20 s. */
  readonly intervalMs?: number
  readonly now?: () => Date
}

/** Platforms stop an instance that had no request for 30 s or more. */
const INTERVAL_MS = 20_000

/**
 * Asks each function in one of its warm windows whether it is ready, so that its platform sees it used and keeps an
 * instance. Logs once where a function cannot be reached. Several relays side by side only ask more often.
 */
export function keepWarm({ functions, probe, log, intervalMs = INTERVAL_MS, now }: KeepWarmOptions) {
  const notReady = new Set<string>()
  const check = async (name: string) => {
    const status = await probe(name, '/_/ready')
    if (status === 204) notReady.delete(name)
    else if (!notReady.has(name)) {
      notReady.add(name)
      log.warn({ function: name, status }, 'warm-up probe failed')
    }
  }
  const checkAll = () => {
    const at = now?.() ?? new Date()
    for (const { name, scale } of functions()) if (scale.warm && isWarm(scale.warm, at)) void check(name)
  }
  const timer = setInterval(checkAll, intervalMs)
  checkAll()
  return { stop: () => clearInterval(timer) }
}
