import { get } from 'node:http'
import { isWarm, type Route, type Subscription } from 'ebb/contract'
import type { Log } from 'ebb/kernel'

export interface KeepWarmOptions {
  readonly functions: () => readonly Pick<Route | Subscription, 'name' | 'scale'>[]
  /** Where a function answers, with a slash at the end. */
  readonly urlOf: (name: string) => string
  /** What a cold start may take. */
  readonly startTimeoutMs: number
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
export function keepWarm({ functions, urlOf, startTimeoutMs, log, everyMs = EVERY_MS, now }: KeepWarmOptions) {
  const away = new Set<string>()
  const ask = async (name: string) => {
    // Not by undici, whose calls are traced.
    const status = await statusOf(`${urlOf(name)}_/ready`, startTimeoutMs)
    if (status === 204) away.delete(name)
    else if (!away.has(name)) {
      away.add(name)
      log.warn({ function: name, status }, 'a function that is to be warm is not ready')
    }
  }
  const look = () => {
    const at = now?.() ?? new Date()
    for (const { name, scale } of functions()) if (scale.warm && isWarm(scale.warm, at)) void ask(name)
  }
  const timer = setInterval(look, everyMs)
  look()
  return { stop: () => clearInterval(timer) }
}

/** Undefined where there was no answer. */
function statusOf(url: string, limitMs: number): Promise<number | undefined> {
  const { promise, resolve } = Promise.withResolvers<number | undefined>()
  const request = get(url, { agent: false, signal: AbortSignal.timeout(limitMs) }, (response) => {
    response.resume().once('close', () => resolve(response.statusCode))
  })
  request.once('error', () => resolve(undefined))
  return promise
}
