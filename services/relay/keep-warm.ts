import { isWarm, type Route, type Subscription } from 'ebb/contract'
import type { Log } from 'ebb/kernel'
import type { ProbeFunction } from './call-function.ts'

export interface KeepWarmOptions {
  readonly functions: () => readonly Pick<Route | Subscription, 'name' | 'scale'>[]
  readonly look: ProbeFunction
  readonly log: Log
  readonly everyMs?: number
  readonly now?: () => Date
}

/** Platforms take an instance away that was not asked for 30 s or more. */
const EVERY_MS = 20_000

/**
 * Asks each function in one of its warm windows whether it is ready, so that its platform sees it used and keeps an
 * instance. Tells once of one that cannot be reached. Several relays side by side ask more often, and do no harm.
 */
export function keepWarm({ functions, look, log, everyMs = EVERY_MS, now }: KeepWarmOptions) {
  const away = new Set<string>()
  const ask = async (name: string) => {
    const status = await look(name, '/_/ready')
    if (status === 204) away.delete(name)
    else if (!away.has(name)) {
      away.add(name)
      log.warn({ function: name, status }, 'a function that is to be warm is not ready')
    }
  }
  const askAll = () => {
    const at = now?.() ?? new Date()
    for (const { name, scale } of functions()) if (scale.warm && isWarm(scale.warm, at)) void ask(name)
  }
  const timer = setInterval(askAll, everyMs)
  askAll()
  return { stop: () => clearInterval(timer) }
}
