import { isTransient } from 'ebb/contract'
import type { InvocationSettlement } from '../../src/data/invocation-queue.ts'
import type { Answer } from './call.ts'
import { isDeclared, type JudgeOptions, judge } from './judge.ts'

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
  const { retryAfterMs: _retryAfterMs, problem, refused: _refused, ...said } = answer
  const { status = 0, revision } = answer
  const final = (isDeclared(problem) && !isTransient(status)) || (status === 404 && revision !== undefined)
  const settlement: InvocationSettlement = final ? { ...said, state: 'dead' } : judge(answer, attempt, options)
  return settlement.state === 'waiting' ? settlement : { ...settlement, answer: whole }
}
