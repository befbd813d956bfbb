import { countDuration, type Durations } from './durations.ts'

const SECONDS = 60
const MAX_SMALLINT = 32_767
/** Of pairs in a minute: of more than this, fewer resources are sampled. */
const MAX_ASKED = 1_000
const HASHES = 2 ** 31
/** What could not be written for so long is forgotten. */
const MAX_MINUTES = 60

/** The course of one function's calls in one minute. */
export interface MinuteTrace {
  readonly began: number[]
  readonly peaks: number[]
  readonly warm: Durations
  readonly cold: Durations
  /** Pairs of a second and a hash of what was asked for, of those whose hash is below `share` of all. */
  asked: number[] | undefined
  share: number
}

/** One call that has ended. */
export interface TracedCall {
  /** From its begin to the begin of its response; undefined where none came. */
  readonly waitMs: number | undefined
  /** Whether its response says that the function had to start first. */
  readonly cold: boolean
}

interface Live {
  inFlight: number
  /** The last second whose peak is known. */
  second: number
  /** The last start that a response has told of: calls that began meanwhile have waited for it. */
  start: { readonly from: number; readonly to: number }
  readonly minutes: Map<number, MinuteTrace>
}

/** Keeps the course of calls by function and minute, until it is taken. */
export function createMinuteTraces({ now = Date.now } = {}) {
  const functions = new Map<string, Live>()

  const liveOf = (name: string): Live => {
    const known = functions.get(name)
    if (known) return known
    const live = { inFlight: 0, second: 0, start: { from: 0, to: 0 }, minutes: new Map() }
    functions.set(name, live)
    return live
  }
  const traceAt = ({ minutes }: Live, second: number): MinuteTrace => {
    const minute = Math.floor(second / SECONDS)
    const known = minutes.get(minute)
    if (known) return known
    const zeros = () => Array.from({ length: SECONDS }, () => 0)
    const trace = { began: zeros(), peaks: zeros(), warm: new Map(), cold: new Map(), asked: undefined, share: 1 }
    minutes.set(minute, trace)
    if (minutes.size > MAX_MINUTES) minutes.delete(Math.min(...minutes.keys()))
    return trace
  }
  /** Has the seconds up to now in the trace, in which as many calls were in flight as now. */
  const advance = (live: Live): number => {
    const second = Math.floor(now() / 1_000)
    const from = live.inFlight > 0 ? Math.max(live.second, second - SECONDS * MAX_MINUTES) : second
    for (let at = from; live.inFlight > 0 && at <= second; at++) raisePeak(live, at)
    live.second = second
    return second
  }
  const raisePeak = (live: Live, second: number) => {
    const { peaks } = traceAt(live, second)
    const at = second % SECONDS
    peaks[at] = Math.min(MAX_SMALLINT, Math.max(peaks[at] ?? 0, live.inFlight))
  }

  function end(live: Live, beganAt: number, { waitMs, cold }: TracedCall) {
    const second = advance(live)
    live.inFlight--
    if (waitMs === undefined) return
    const respondedAt = beganAt + waitMs
    if (cold) live.start = { from: beganAt, to: respondedAt }
    const hasWaited = cold || (beganAt >= live.start.from && beganAt < live.start.to)
    const { warm, cold: started } = traceAt(live, second)
    countDuration(hasWaited ? started : warm, waitMs)
  }

  return {
    /** A call begins; to be called when it has ended. */
    begin(name: string): (call: TracedCall) => void {
      const live = liveOf(name)
      const second = advance(live)
      live.inFlight++
      raisePeak(live, second)
      const { began } = traceAt(live, second)
      const at = second % SECONDS
      began[at] = Math.min(MAX_SMALLINT, (began[at] ?? 0) + 1)
      const beganAt = now()
      return (call) => end(live, beganAt, call)
    },
    /** Something that could be cached was asked for, whoever answers. */
    asked(name: string, hash: number): void {
      const live = liveOf(name)
      const second = Math.floor(now() / 1_000)
      const trace = traceAt(live, second)
      if (hash >= trace.share * HASHES) return
      trace.asked ??= []
      trace.asked.push(second % SECONDS, hash)
      if (trace.asked.length > 2 * MAX_ASKED) sampleFewer(trace)
    },
    /** Takes out the minutes that are over, or all of them. */
    take({
      all = false,
    } = {}): readonly { readonly name: string; readonly minute: Date; readonly trace: MinuteTrace }[] {
      const current = Math.floor(now() / 1_000 / SECONDS)
      return [...functions].flatMap(([name, live]) => {
        advance(live)
        const over = [...live.minutes].filter(([minute]) => all || minute < current)
        for (const [minute] of over) live.minutes.delete(minute)
        return over.map(([minute, trace]) => ({ name, minute: new Date(minute * SECONDS * 1_000), trace }))
      })
    },
  }
}

/** Halves the share of resources, so that of each that is left all requests are there. */
function sampleFewer(trace: MinuteTrace) {
  trace.share /= 2
  const { asked = [], share } = trace
  trace.asked = asked.filter((_, i) => (asked[i | 1] ?? 0) < share * HASHES)
}
