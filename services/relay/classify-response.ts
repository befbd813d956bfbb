import { isTransient, PLATFORM_CODES, type Subscription } from 'ebb/contract'
import type { Settlement } from '../../src/data/queue/deliveries.ts'
import type { InvocationSettlement } from '../../src/data/queue/invocation-queue.ts'
import { retryDelayMs } from '../../src/protocol/retry-delay.ts'
import type { CallOutcome } from './call-function.ts'

const TRANSIENT = new Set([408, 425, 429])
/** A function that is still rolling out, or a request for the same event that is still running; or the handler's own. */
const AMBIGUOUS = new Set([404, 409])

interface ClassifyOptions {
  readonly retry: Subscription['retry']
  /** How often it was tried, those that do not count too; default: the attempts that count. */
  readonly allAttempts?: number
  readonly random?: () => number
}

/**
 * What an answer to attempt number `attempt` means: 2xx is done, and what the function said for good is final. All else is
 * tried again while attempts are left; where our signature was refused, without an end, since that is nobody's failure
 * but the platform's.
 */
export function classifyResponse(
  { retryAfterMs, refused, problemCode, ...answer }: CallOutcome,
  attempt: number,
  { retry: { attempts, ...bounds }, allAttempts = attempt, random = Math.random }: ClassifyOptions,
): Settlement {
  const { status } = answer
  if (status !== undefined && status >= 200 && status <= 299) return { ...answer, state: 'done' }
  const retryInMs = retryDelayMs(allAttempts, { ...bounds, retryAfterMs, random })
  if (refused) return { ...answer, state: 'waiting', retryInMs, uncounted: true }
  if (isFinal(answer, problemCode) || attempt >= attempts) return { ...answer, state: 'dead' }
  return { ...answer, state: 'waiting', retryInMs }
}

/** What has no revision, something between us and the function said. */
function isFinal({ status, revision }: CallOutcome, problem: string | undefined): boolean {
  if (status === undefined || status >= 500 || revision === undefined || TRANSIENT.has(status)) return false
  return isDeclared(problem) || !AMBIGUOUS.has(status)
}

/** A problem whose code is not one of the platform's comes from the contract. */
const isDeclared = (problem: string | undefined) => problem !== undefined && !PLATFORM_CODES.has(problem)

/**
 * What an answer to attempt number `attempt` of an invocation means: as `judge`, but for what the function has said for
 * good. A failure that its contract declares is stored under the invocation's key, unless it is transient, and a 404 of the
 * function itself is no roll-out: both are final at once.
 */
export function classifyInvocationResponse(
  { response, ...answer }: CallOutcome,
  attempt: number,
  options: ClassifyOptions,
): InvocationSettlement {
  const { retryAfterMs: _retryAfterMs, problemCode, refused: _refused, ...said } = answer
  const { status = 0, revision } = answer
  const final = (isDeclared(problemCode) && !isTransient(status)) || (status === 404 && revision !== undefined)
  const settlement: InvocationSettlement = final
    ? { ...said, state: 'dead' }
    : classifyResponse(answer, attempt, options)
  return settlement.state === 'waiting' ? settlement : { ...settlement, response: response }
}
