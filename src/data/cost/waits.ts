/** A call with a response. */
export interface EndedCall {
  readonly beganAt: number
  readonly endedAt: number
  /** Until its response began. */
  readonly waitMs: number
  /** Whether its response says that the function had to start first. */
  readonly cold: boolean
  /** How long the instance took that answered it first, to its response; undefined where it was not started from none. */
  readonly startMs: number | undefined
}

export type JudgedCall = readonly [call: EndedCall, hasWaited: boolean]

/** More calls than these are judged by the starts that are known then. */
const MAX_CALLS = 2_000
const MAX_STARTS = 100

interface Start {
  readonly from: number
  readonly to: number
  /** When the last call was answered that had waited for it, which takes no longer than the start: until then the instance has more to do than later. */
  until: number
}

/**
 * Tells the calls that waited for an instance to start from those that did not. That an instance was starting, only the first response of that
 * instance says, which is not the first to come of all that waited for it: so calls are judged some time after they have ended.
 */
export function createWaits() {
  let calls: EndedCall[] = []
  const starts: Start[] = []

  const hasWaited = ({ beganAt, waitMs, cold }: EndedCall) =>
    cold || starts.some(({ from, until }) => beganAt < until && beganAt + waitMs > from)
  /** Takes those that have ended before this time. */
  const take = (beforeMs: number): readonly JudgedCall[] => {
    const judged = calls.filter(({ endedAt }) => endedAt < beforeMs).map((call) => [call, hasWaited(call)] as const)
    calls = calls.filter(({ endedAt }) => endedAt >= beforeMs)
    return judged
  }
  return {
    /** Returns those that are judged already, since there are so many. */
    add(call: EndedCall): readonly JudgedCall[] {
      const { beganAt, cold } = call
      const respondedAt = beganAt + call.waitMs
      if (cold) {
        starts.push({ from: beganAt, to: respondedAt, until: respondedAt })
        if (starts.length > MAX_STARTS) starts.shift()
      }
      for (const start of starts)
        if (beganAt < start.to) start.until = Math.max(start.until, Math.min(respondedAt, 2 * start.to - start.from))
      calls.push(call)
      return calls.length < MAX_CALLS ? [] : take(Number.POSITIVE_INFINITY)
    },
    take,
  }
}
