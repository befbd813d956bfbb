import { countDuration, type Durations } from './durations.ts'
import { createTicks, type Ticks } from './ticks.ts'
import { createWaits, type EndedCall } from './waits.ts'

const MINUTE_MS = 60_000
/** A minute is over so much later: whether a call has waited for a start is known when that is over. */
const SETTLED_MS = 5_000
/** Of pairs in a minute: of more than this, fewer resources are sampled. */
const MAX_ASKED = 1_000
const HASHES = 2 ** 31
/** What could not be written for so long is forgotten. */
const MAX_MINUTES = 60

/** The course of one function's calls in one minute. */
export interface MinuteTrace {
  /** When calls began. */
  readonly began: Ticks
  /** How long calls took until their response began: those that waited for no start, and those that did. */
  readonly warm: Durations
  readonly waited: Durations
  /** From the first call that found no instance to the first response of the one that was started for it. */
  readonly starts: Durations
  /** From the begin of a response to its end: of all calls together. */
  tailSeconds: number
  /** Pairs of a millisecond and a hash of what was asked for, of those whose hash is below `share` of all. */
  asked: number[] | undefined
  share: number
}

/** A minute of a function. */
export interface TracedMinute {
  readonly name: string
  readonly minute: Date
  readonly trace: MinuteTrace
}

/** One call that has ended. */
export interface TracedCall {
  /** From its begin to the begin of its response; undefined where none came. */
  readonly waitMs: number | undefined
  /** Whether its response says that the function had to start first. */
  readonly cold: boolean
}

/** A time in which there was always a call in flight. */
interface BusyTime {
  readonly beganAt: number
  /** Whether a call was answered, and whether by an instance that was started from none. */
  isAnswered: boolean
  isStarted: boolean
}

interface Live {
  inFlight: number
  busy: BusyTime
  readonly waits: ReturnType<typeof createWaits>
  readonly minutes: Map<number, MinuteTrace>
}

/** Keeps the course of calls by function and minute, until it is taken. */
export function createMinuteTraces({ now = Date.now } = {}) {
  const functions = new Map<string, Live>()

  const liveOf = (name: string): Live => {
    const known = functions.get(name)
    if (known) return known
    const live = { inFlight: 0, busy: newBusyTime(0), waits: createWaits(), minutes: new Map() }
    functions.set(name, live)
    return live
  }
  const traceAt = ({ minutes }: Live, atMs: number): MinuteTrace => {
    const minute = Math.floor(atMs / MINUTE_MS)
    const known = minutes.get(minute)
    if (known) return known
    const durations = { warm: new Map(), waited: new Map(), starts: new Map() }
    const trace = { began: createTicks(), ...durations, tailSeconds: 0, asked: undefined, share: 1 }
    minutes.set(minute, trace)
    if (minutes.size > MAX_MINUTES) minutes.delete(Math.min(...minutes.keys()))
    return trace
  }
  const judge = (live: Live, { endedAt, waitMs, startMs }: EndedCall, hasWaited: boolean) => {
    const { warm, waited, starts } = traceAt(live, endedAt)
    countDuration(hasWaited ? waited : warm, waitMs)
    if (startMs !== undefined) countDuration(starts, startMs)
  }

  return {
    /** A call begins; to be called when it has ended. */
    begin(name: string): (call: TracedCall) => void {
      const live = liveOf(name)
      const beganAt = now()
      if (live.inFlight++ === 0) live.busy = newBusyTime(beganAt)
      const { busy } = live
      const foundNone = !busy.isAnswered
      traceAt(live, beganAt).began.count(beganAt % MINUTE_MS)
      return ({ waitMs, cold }) => {
        live.inFlight--
        if (waitMs === undefined) return
        const endedAt = now()
        traceAt(live, endedAt).tailSeconds += Math.max(0, endedAt - beganAt - waitMs) / 1_000
        const startMs = cold && foundNone && !busy.isStarted ? beganAt + waitMs - busy.beganAt : undefined
        busy.isAnswered = true
        if (startMs !== undefined) busy.isStarted = true
        const ended = { beganAt, endedAt, waitMs, cold, startMs }
        for (const [call, hasWaited] of live.waits.add(ended)) judge(live, call, hasWaited)
      }
    },
    /** Something that could be cached was asked for so long ago, whoever answers. */
    asked(name: string, hash: number, agoMs: number): void {
      const live = liveOf(name)
      const askedAt = Math.round(now() - agoMs)
      const trace = traceAt(live, askedAt)
      if (hash >= trace.share * HASHES) return
      trace.asked ??= []
      trace.asked.push(askedAt % MINUTE_MS, hash)
      if (trace.asked.length > 2 * MAX_ASKED) sampleFewer(trace)
    },
    /** Takes out the minutes that are over, or all of them. */
    take({ all = false } = {}): readonly TracedMinute[] {
      const current = all ? Number.POSITIVE_INFINITY : Math.floor((now() - SETTLED_MS) / MINUTE_MS)
      return [...functions].flatMap(([name, live]) => {
        for (const [call, hasWaited] of live.waits.take(current * MINUTE_MS)) judge(live, call, hasWaited)
        const over = [...live.minutes].filter(([minute]) => minute < current)
        for (const [minute] of over) live.minutes.delete(minute)
        return over.map(([minute, trace]) => ({ name, minute: new Date(minute * MINUTE_MS), trace }))
      })
    },
  }
}

const newBusyTime = (beganAt: number): BusyTime => ({ beganAt, isAnswered: false, isStarted: false })

/** Halves the share of resources, so that of each that is left all requests are there. */
function sampleFewer(trace: MinuteTrace) {
  trace.share /= 2
  const { asked = [], share } = trace
  trace.asked = asked.filter((_, i) => (asked[i | 1] ?? 0) < share * HASHES)
}
