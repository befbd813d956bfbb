import { setTimeout as delay } from 'node:timers/promises'
import { Problem } from '../../contract/index.ts'
import { ConfigFault } from '../../kernel/index.ts'
import type { Random } from '../sample/random.ts'

export interface TroubleOptions {
  /** `rate` of 1 is every request. */
  readonly failing?: { readonly status: number; readonly rate: number } | undefined
  readonly latency?: { readonly minMs: number; readonly maxMs: number } | undefined
}

export interface Trouble {
  /** Waits as long as the next answer is to take. */
  wait(signal: AbortSignal): Promise<void>
  /** The failure of the next request; undefined where it goes well. */
  next(): Problem | undefined
}

/**
 * Makes a mock slow, and fails some of its requests. Unlike its answers, what fails goes by the order of the requests, so
 * that one that is sent again may go well.
 */
export function createTrouble({ failing, latency }: TroubleOptions, random: Random): Trouble {
  return {
    wait: async (signal) => {
      if (latency) await delay(random.integer(latency.minMs, latency.maxMs), undefined, { signal })
    },
    next: () => (failing && random.fraction() < failing.rate ? failureOf(failing.status) : undefined),
  }
}

const CODES: Readonly<Record<number, string>> = {
  429: 'rate_limited',
  500: 'internal',
  502: 'bad_gateway',
  503: 'unavailable',
  504: 'deadline_exceeded',
}
const RETRIED = [429, 503]

const failureOf = (status: number) =>
  new Problem(
    CODES[status] ?? 'mock_failure',
    status,
    'The mock was told to fail.',
    RETRIED.includes(status) ? { retryAfterSeconds: 1 } : {},
  )

/** `503:0.2`: every fifth request on average. */
export function parseFailing(text: string): NonNullable<TroubleOptions['failing']> {
  const [, status, rate] = /^([45]\d\d):(0|1|0?\.\d+|1\.0+)$/.exec(text) ?? []
  if (status === undefined) {
    throw new ConfigFault('--fail must be a status from 400 to 599 and a rate from 0 to 1, such as 503:0.2')
  }
  return { status: Number(status), rate: Number(rate) }
}

/** `200`, or `100-400` for anything between. */
export function parseLatency(text: string): NonNullable<TroubleOptions['latency']> {
  const [, min, max = min] = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(text) ?? []
  if (min === undefined || Number(max) < Number(min)) {
    throw new ConfigFault('--latency must be milliseconds, or a range of them, such as 200 or 100-400')
  }
  return { minMs: Number(min), maxMs: Number(max) }
}
