import { assignVariant, canaryNameOf } from 'ebb/protocol'
import type { OpenCanaries } from '../../src/data/canaries/open-canaries.ts'
import type { CallFunction, CallOptions, CallOutcome } from './call-function.ts'

/**
 * Sends a share of the calls of a function to its canary while one runs: each event, and each asynchronous call, always to the same
 * revision, also when it is tried again. What the canary could not be reached for goes to the revision before it.
 */
export function splitCalls(call: CallFunction, canaries: Pick<OpenCanaries, 'of' | 'count'>): CallFunction {
  return async (name, options) => {
    const canary = canaries.of(name)
    if (!canary) return call(name, options)
    const variant = assignVariant(name, keyOf(options), canary.share)
    const called = variant === 'canary' ? canaryNameOf(name) : name
    const outcome = await call(name, { ...options, at: called })
    const { status, cold = false, waitMs, notSent = false } = outcome
    // One event that no revision can take fails again and again, and says no more than once. What is no success ends among the dead letters.
    if (!notSent && options.attempt === 1 && !options.signal.aborted)
      canaries.count(keyOf(options), {
        ...{ name, variant, waitMs, cold, undeclared: status === 500, broken: undefined },
        status: isSuccess(outcome) ? status : (status ?? 0) >= 500 ? status : undefined,
        isReached: !isUnreached(outcome),
      })
    return variant === 'canary' && isUnreached(outcome) ? call(name, options) : outcome
  }
}

const isSuccess = ({ status = 0 }: CallOutcome) => status >= 200 && status < 300

/** Answered by nothing of the function's own: by no revision of it. */
const isUnreached = ({ status, revision, notSent }: CallOutcome) =>
  !notSent && revision === undefined && (status === undefined || status === 404 || status === 503)

/** An event's id; of an asynchronous call that is its key, and of several events the first one's. */
const keyOf = ({ headers, correlationId }: CallOptions): string =>
  headers['ce-id'] ?? headers['idempotency-key'] ?? correlationId
