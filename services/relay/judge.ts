import { PLATFORM_CODES, type Subscription } from 'ebb/contract'
import type { Settlement } from '../../src/data/deliveries.ts'
import type { Answer } from './call.ts'
import { retryDelayMs } from './retry-delay.ts'

const PASSING = new Set([408, 425, 429])
/** A function that is still rolling out, or a request for the same event that is still running; or the handler's own. */
const AMBIGUOUS = new Set([404, 409])

export interface JudgeOptions {
  readonly retry: Subscription['retry']
  /** How often it was tried, those that do not count too; default: the attempts that count. */
  readonly tries?: number
  readonly random?: () => number
}

/**
 * What an answer to attempt number `attempt` means: 2xx is done, and what the function said for good is final. All else is
 * tried again while attempts are left; where our signature was refused, without an end, since that is nobody's failure
 * but the platform's.
 */
export function judge(
  { retryAfterMs, refused, problem, ...answer }: Answer,
  attempt: number,
  { retry: { attempts, ...bounds }, tries = attempt, random = Math.random }: JudgeOptions,
): Settlement {
  const { status } = answer
  if (status !== undefined && status >= 200 && status <= 299) return { ...answer, state: 'done' }
  const retryInMs = retryDelayMs(tries, { ...bounds, retryAfterMs, random })
  if (refused) return { ...answer, state: 'waiting', retryInMs, uncounted: true }
  if (isFinal(answer, problem) || attempt >= attempts) return { ...answer, state: 'dead' }
  return { ...answer, state: 'waiting', retryInMs }
}

/** What has no revision, something between us and the function said. */
function isFinal({ status, revision }: Answer, problem: string | undefined): boolean {
  if (status === undefined || status >= 500 || revision === undefined || PASSING.has(status)) return false
  return isDeclared(problem) || !AMBIGUOUS.has(status)
}

/** A problem whose code is not one of the platform's comes from the contract. */
export const isDeclared = (problem: string | undefined) => problem !== undefined && !PLATFORM_CODES.has(problem)
