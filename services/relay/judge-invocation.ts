import { isTransient, PLATFORM_CODES } from 'ebb/contract'
import type { InvocationSettlement } from '../../src/data/invocation-queue.ts'
import type { Answer } from './call.ts'
import { type JudgeOptions, judge } from './judge.ts'

/**
 * What an answer to attempt number `attempt` of an invocation means: as `judge`, but for what the function has said for
 * good. A failure that its contract declares is stored under the invocation's key, unless it is transient, and a 404 of the
 * function itself is no roll-out: both are final at once.
 */
export function judgeInvocation(
  { whole, ...answer }: Answer,
  attempt: number,
  options: JudgeOptions,
): InvocationSettlement {
  const final = isDeclared(whole) || (answer.status === 404 && answer.revision !== undefined)
  const { retryAfterMs: _retryAfterMs, ...said } = answer
  const settlement: InvocationSettlement = final ? { ...said, state: 'dead' } : judge(answer, attempt, options)
  return settlement.state === 'waiting' ? settlement : { ...settlement, answer: whole }
}

/** A problem whose code is not one of the platform's comes from the contract; it holds for good unless it is transient. */
function isDeclared(answer: Answer['whole']): boolean {
  if (
    !answer?.body ||
    isTransient(answer.status) ||
    !answer.headers['content-type']?.startsWith('application/problem+json')
  )
    return false
  try {
    const { error } = Object(JSON.parse(Buffer.from(answer.body).toString())) as { error?: unknown }
    return typeof error === 'string' && !PLATFORM_CODES.has(error)
  } catch {
    return false
  }
}
