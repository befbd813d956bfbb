import { retryDelayMs } from 'ebb/protocol'
import { isTransient, PLATFORM_CODES, type Subscription } from '../../src/contract/index.ts'
import type { Settlement } from '../../src/data/queue/deliveries.ts'
import type { InvocationSettlement } from '../../src/data/queue/invocation-queue.ts'
import type { CallOutcome } from './call-function.ts'

export interface ClassifyOptions {
  readonly retry: Subscription['retry']
  /** How often it was tried, attempts that do not count included; default: the attempts that count. */
  readonly allAttempts?: number
  readonly random?: () => number
}

const MAX_RETRY_AFTER_MS = 3_600_000

/**
 * Decides what the outcome of attempt number `attempt` means: a 2xx is done, and what the function refuses for good is
 * dead. All else is tried again while attempts are left; where our signature was refused, or nothing was sent, without end, since
 * that is a fault of the platform and neither of the function nor of the event.
 */
export function classifyResponse(
  {
    retryAfterMs = 0,
    signatureRefused,
    notSent,
    problemCode,
    response: _response,
    failures: _failures,
    isShared = false,
    ...outcome
  }: CallOutcome,
  attempt: number,
  { retry, allAttempts = attempt, random = Math.random }: ClassifyOptions,
): Settlement {
  const { status } = outcome
  if (status !== undefined && status >= 200 && status <= 299) return { ...outcome, state: 'done' }
  const retryInMs = Math.round(
    // What the relay itself has not sent does not get more patient: there is room for it as soon as another has ended.
    retryDelayMs(notSent ? 1 : allAttempts, {
      // A floor with jitter on top from the first delay on: deliveries that fail together do not come back together.
      ...{ minMs: retry.minDelayMs, initialMs: 2 * retry.minDelayMs, maxMs: retry.maxDelayMs, random },
      retryAfterMs: Math.min(retryAfterMs, MAX_RETRY_AFTER_MS),
    }),
  )
  if (signatureRefused || notSent) return { ...outcome, state: 'waiting', retryInMs, uncounted: true }
  if ((!isShared && isFinal(outcome, problemCode)) || attempt >= retry.attempts) return { ...outcome, state: 'dead' }
  return { ...outcome, state: 'waiting', retryInMs }
}

/**
 * As `classifyResponse`, for an invocation, where the function's word is final sooner: a failure that its contract
 * declares is stored under the invocation's key, unless it is transient, and a 404 of the function itself is no roll-out.
 */
export function classifyInvocationResponse(
  outcome: CallOutcome,
  attempt: number,
  options: ClassifyOptions,
): InvocationSettlement {
  const { retryAfterMs: _retryAfterMs, problemCode, signatureRefused: _refused, response, ...rest } = outcome
  const { status = 0, revision } = outcome
  const isSaidForGood = (isDeclared(problemCode) && !isTransient(status)) || (status === 404 && revision !== undefined)
  const settlement: InvocationSettlement = isSaidForGood
    ? { ...rest, state: 'dead' }
    : classifyResponse(outcome, attempt, options)
  return settlement.state === 'waiting' ? settlement : { ...settlement, response }
}

/** A function that is still being rolled out, or a request for the same event that is still running; or the handler's own. */
const AMBIGUOUS = new Set([404, 409])

/** A response without a revision comes from something between us and the function. */
function isFinal({ status, revision }: CallOutcome, problemCode: string | undefined): boolean {
  if (status === undefined || revision === undefined || isTransient(status)) return false
  return isDeclared(problemCode) || !AMBIGUOUS.has(status)
}

/**
 * Whether the handler itself refused: with a failure that its contract declares, or through a resource (`mail_refused`).
 * `PLATFORM_CODES` are those with which the platform answers in its place.
 */
const isDeclared = (code: string | undefined) => code !== undefined && !PLATFORM_CODES.has(code)
