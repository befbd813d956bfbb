import type { Call, Result } from './call.ts'
import type { Callable } from './calls-of.ts'

export interface RetryOptions {
  readonly retries: number
  readonly minDelayMs: number
  readonly maxDelayMs: number
  /** By Date.now(): no wait begins that would not end before it. */
  readonly deadline: number
  readonly signal: AbortSignal
}

/** Tries again while that is safe and may help: exponential back-off with full jitter, never before Retry-After. */
export async function withRetries(
  contract: Callable,
  attempt: () => Promise<Result<Call>>,
  { retries, deadline, signal, ...delays }: RetryOptions,
): Promise<Result<Call>> {
  const most = mayRepeat(contract) ? retries : 0
  for (let tries = 0; ; tries++) {
    const result = await attempt()
    if (tries >= most || signal.aborted || !mayHelp(result)) return result
    const delayMs = delayBefore(tries, result, delays)
    if (Date.now() + delayMs >= deadline) return result
    await sleep(delayMs, signal)
  }
}

/** Only what has no effect, or one effect however often it is sent. */
const mayRepeat = ({ method, reads, idempotent }: Callable) => method === 'GET' || !!reads || !!idempotent

const PASSING = new Set([408, 425, 429, 502, 503, 504])

/** Whether the same request may fare better later. */
export function mayHelp(result: Result<Call>): boolean {
  if (result.ok || result.error === 'timeout' || result.error === 'aborted') return false
  if (result.error === 'network') return true
  return PASSING.has(result.status ?? 0) || (result.status === 409 && result.error === 'in_progress')
}

/** The wait before try `tries + 2`. */
export function delayBefore(
  tries: number,
  result: Result<Call>,
  { minDelayMs, maxDelayMs, random = Math.random }: DelayOptions,
): number {
  const asked = 'retryAfterSeconds' in result ? (result.retryAfterSeconds ?? 0) * 1000 : 0
  return asked + random() * Math.min(maxDelayMs, minDelayMs * 2 ** tries)
}

interface DelayOptions extends Pick<RetryOptions, 'minDelayMs' | 'maxDelayMs'> {
  readonly random?: () => number
}

/** Ends early where the signal aborts: the next try says so. */
function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', wake)
      resolve()
    }
    const timer = setTimeout(wake, ms)
    signal.addEventListener('abort', wake, { once: true })
  })
}
