import type { CallOutcome } from './call-function.ts'
import type { LeasedCall } from './queue.ts'

/** Makes one call of several: `send` makes all of them at once, and each is settled by what its outcome says of it. */
export function joinCalls(calls: readonly LeasedCall[], send: LeasedCall['send']): LeasedCall {
  const [first, ...others] = calls.map((call, index) => ({
    ...call,
    classify: (outcome: CallOutcome) => call.classify(outcomeOf(index, outcome)),
  }))
  if (!first) throw new Error('a batch has at least one event')
  return { ...first, send, others, unblocksOthers: calls.some(({ unblocksOthers }) => unblocksOthers) }
}

/** What the outcome of a batch is for one of its events: what the response says of that, or, where it names none, the same for all. */
function outcomeOf(index: number, outcome: CallOutcome): CallOutcome {
  const { failures, durationMs, revision } = outcome
  if (!failures) return { ...outcome, isShared: true }
  const common = { durationMs, ...(revision === undefined ? {} : { revision }) }
  const failure = failures.find((one) => one.index === index)
  if (!failure) return { ...common, status: 204 }
  const { status, error, message } = failure
  return { ...common, status, problemCode: error, body: JSON.stringify({ status, error, message }) }
}
