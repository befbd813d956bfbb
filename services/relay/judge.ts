import type { Subscription } from 'ebb/contract'
import type { Settlement } from '../../src/data/deliveries.ts'
import type { Answer } from './call.ts'
import { retryDelayMs } from './retry-delay.ts'

/** 404 and 409: a function that is still rolling out, or a request for the same event that is still running. */
const RETRYABLE = new Set([404, 408, 409, 425, 429])

export interface JudgeOptions {
  readonly retry: Subscription['retry']
  readonly random?: () => number
}

/**
 * What an answer to attempt number `attempt` means: 2xx is done; no answer, 404, 408, 409, 425, 429 and 5xx are tried
 * again while attempts are left; anything else is final.
 */
export function judge(
  { retryAfterMs, ...answer }: Answer,
  attempt: number,
  { retry: { attempts, ...bounds }, random = Math.random }: JudgeOptions,
): Settlement {
  const { status } = answer
  if (status !== undefined && status >= 200 && status <= 299) return { ...answer, state: 'done' }
  const retryable = status === undefined || status >= 500 || RETRYABLE.has(status)
  if (!retryable || attempt >= attempts) return { ...answer, state: 'dead' }
  return { ...answer, state: 'waiting', retryInMs: retryDelayMs(attempt, { ...bounds, retryAfterMs, random }) }
}
