import { setTimeout as delay } from 'node:timers/promises'
import { Problem } from '../../contract/index.ts'
import type { Random } from '../../deploy/sample/random.ts'
import { ConfigError } from '../../kernel/index.ts'

/** Which share of the mock server's responses is delayed or fails. */
export interface FaultInjectionOptions {
  /** A `rate` of 1 is every request. */
  readonly failing?: { readonly status: number; readonly rate: number } | undefined
  readonly latency?: { readonly minMs: number; readonly maxMs: number } | undefined
}

/** Delays and failures that the mock server adds, so that a client can be tested against them. */
export interface FaultInjection {
  /** Waits for the latency of the next response. */
  wait(signal: AbortSignal): Promise<void>
  /** The failure of the next request; undefined if it succeeds. */
  nextFailure(): Problem | undefined
}

/**
 * Slows a mock down, and fails some of its requests. Unlike its responses, failures depend on the order of the requests, so
 * that a retry may succeed.
 */
export function createFaultInjection({ failing, latency }: FaultInjectionOptions, random: Random): FaultInjection {
  return {
    wait: async (signal) => {
      if (latency) await delay(random.integer(latency.minMs, latency.maxMs), undefined, { signal })
    },
    nextFailure: () => (failing && random.fraction() < failing.rate ? toProblem(failing.status) : undefined),
  }
}

const CODES: Readonly<Record<number, string>> = {
  429: 'rate_limited',
  500: 'internal',
  502: 'bad_gateway',
  503: 'unavailable',
  504: 'deadline_exceeded',
}
const RETRYABLE = [429, 503]

const toProblem = (status: number) =>
  new Problem(
    CODES[status] ?? 'mock_failure',
    status,
    'The mock fails on purpose.',
    RETRYABLE.includes(status) ? { retryAfterSeconds: 1 } : {},
  )

/** `503:0.2`: every fifth request on average. */
export function parseFailure(text: string): NonNullable<FaultInjectionOptions['failing']> {
  const [, status, rate] = /^([45]\d\d):(0|1|0?\.\d+|1\.0+)$/.exec(text) ?? []
  if (status === undefined) {
    throw new ConfigError('--fail must be a status from 400 to 599 and a rate from 0 to 1, such as 503:0.2')
  }
  return { status: Number(status), rate: Number(rate) }
}

/** `200`, or `100-400` for a random value in between. */
export function parseLatency(text: string): NonNullable<FaultInjectionOptions['latency']> {
  const [, min, max = min] = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(text) ?? []
  if (min === undefined || Number(max) < Number(min)) {
    throw new ConfigError('--latency must be milliseconds, or a range of them, such as 200 or 100-400')
  }
  return { minMs: Number(min), maxMs: Number(max) }
}
