import { isRetryableStatus, retryDelayMs } from '../protocol/retry.ts'
import type { Call, Result } from './call.ts'
import type { Callable } from './calls-of.ts'

interface RetryOptions {
  readonly retries: number
  readonly minDelayMs: number
  readonly maxDelayMs: number
  /** By Date.now(): no wait begins that would not end before it. */
  readonly deadline: number
  readonly signal: AbortSignal
  /** Whether the request can be sent only once. */
  readonly isOnce?: boolean
}

/** Retries while that is safe and may help: exponential back-off with full jitter, never before Retry-After. */
export async function withRetries(
  contract: Callable,
  attempt: () => Promise<Result<Call>>,
  { retries, deadline, signal, isOnce = false, ...delays }: RetryOptions,
): Promise<Result<Call>> {
  const maxRetries = isRepeatable(contract) && !isOnce ? retries : 0
  for (let tries = 0; ; tries++) {
    const result = await attempt()
    if (tries >= maxRetries || signal.aborted || !isRetryable(result)) return result
    const delayMs = delayBeforeRetry(tries, result, delays)
    if (Date.now() + delayMs >= deadline) return result
    await sleep(delayMs, signal)
  }
}

/** Whether a request has no effect, or one effect however often it is sent. */
const isRepeatable = ({ method, reads, idempotent }: Callable) => method === 'GET' || !!reads || !!idempotent

/** Whether the same request may succeed later. */
function isRetryable(result: Result<Call>): boolean {
  if (result.ok || result.error === 'timeout' || result.error === 'aborted') return false
  if (result.error === 'network') return true
  return isRetryableStatus(result.status ?? 0) || (result.status === 409 && result.error === 'in_progress')
}

/** The delay in milliseconds before the next retry, after `tries` retries: 0 if only the first attempt was made. */
export function delayBeforeRetry(
  tries: number,
  result: Result<Call>,
  { minDelayMs, maxDelayMs, random = Math.random }: DelayOptions,
): number {
  const retryAfterMs = 'retryAfterSeconds' in result ? (result.retryAfterSeconds ?? 0) * 1_000 : 0
  return retryDelayMs(tries + 1, { initialMs: minDelayMs, maxMs: maxDelayMs, retryAfterMs, random })
}

interface DelayOptions extends Pick<RetryOptions, 'minDelayMs' | 'maxDelayMs'> {
  readonly random?: () => number
}

/** Ends early where the signal aborts: the next try then reports it. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
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

interface Deadline {
  /** Aborts at the end of the time, or when the caller's own signal does. */
  readonly signal: AbortSignal
  /** Removes timer and listener. */
  clear(): void
  /** From now on only the caller's signal counts. */
  stopTimer(): void
}

/**
 * A signal for all that one call does. Not by AbortSignal.any and AbortSignal.timeout: these do not keep a process alive
 * until they fire, and some releases of Node collect them before they do.
 */
export function createDeadline(timeoutMs: number, callerSignal: AbortSignal | undefined): Deadline {
  const controller = new AbortController()
  const abort = () => controller.abort(callerSignal?.reason)
  const timer = setTimeout(() => controller.abort(new Error(`${timeoutMs} ms are over`)), timeoutMs)
  if (callerSignal?.aborted) abort()
  callerSignal?.addEventListener('abort', abort, { once: true })
  const clear = () => {
    clearTimeout(timer)
    callerSignal?.removeEventListener('abort', abort)
  }
  return { signal: controller.signal, clear, stopTimer: () => clearTimeout(timer) }
}
