/** A call with a response. */
export interface EndedCall {
  readonly beganAt: number
  readonly endedAt: number
  /** Until its response began. */
  readonly waitMs: number
  /** Whether its response says that the function had to start first. */
  readonly cold: boolean
  /** Whether no other call was in flight when this one began, and an instance was started for it. */
  readonly isFirst: boolean
}

export type JudgedCall = readonly [call: EndedCall, hasWaited: boolean]

/** More calls than these are judged by the starts that are known then. */
const MAX_CALLS = 2_000
const MAX_STARTS = 100

/**
 * Tells the calls that waited for an instance to start from those that did not. That an instance was starting, only the first response of that
 * instance says, which is not the first to come of all that waited for it: so calls are judged some time after they have ended.
 */
export function createWaits() {
  let calls: EndedCall[] = []
  const starts: { readonly from: number; readonly to: number }[] = []

  const hasWaited = ({ beganAt, waitMs, cold }: EndedCall) =>
    cold || starts.some(({ from, to }) => beganAt < to && beganAt + waitMs > from)
  /** Takes those that have ended before this time. */
  const take = (beforeMs: number): readonly JudgedCall[] => {
    const judged = calls.filter(({ endedAt }) => endedAt < beforeMs).map((call) => [call, hasWaited(call)] as const)
    calls = calls.filter(({ endedAt }) => endedAt >= beforeMs)
    return judged
  }
  return {
    /** Returns those that are judged already, since there are so many. */
    add(call: EndedCall): readonly JudgedCall[] {
      if (call.cold) {
        starts.push({ from: call.beganAt, to: call.beganAt + call.waitMs })
        if (starts.length > MAX_STARTS) starts.shift()
      }
      calls.push(call)
      return calls.length < MAX_CALLS ? [] : take(Number.POSITIVE_INFINITY)
    },
    take,
  }
}
