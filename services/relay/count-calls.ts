import type { CallRecorder } from '../../src/data/cost/call-recorder.ts'
import type { CallFunction } from './call-function.ts'

/** Counts each call for `ebb cost`. */
export function countCalls(call: CallFunction, recorder: Pick<CallRecorder, 'begin' | 'count'>): CallFunction {
  return async function countedCall(name, options) {
    const end = recorder.begin(name)
    const outcome = await call(name, options)
    const { cold = false, waitMs } = outcome
    end({ waitMs, cold })
    const { tenant } = options.identity
    const waitSeconds = waitMs === undefined ? undefined : waitMs / 1_000
    recorder.count({ route: name, plan: undefined, tenant, called: true, cold, waitSeconds, bytes: 0 })
    return outcome
  }
}
