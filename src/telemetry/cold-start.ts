import { startInfo } from '../start/start-info.ts'

/** The phases of a cold start, in milliseconds since the process was started. */
export interface ColdStart {
  /** Node runs, and begins to load the function's code. */
  readonly spawnMs: number
  /** The code is loaded. */
  readonly loadMs: number
  /** The function listens. */
  readonly readyMs: number
  /** The first response is sent. */
  readonly firstAnswerMs: number
}

/** The phases of a cold start by their names in spans and metrics: `first_answer` for `firstAnswerMs`. */
export const coldStartPhases = (cold: ColdStart): readonly (readonly [name: string, ms: number])[] =>
  Object.entries(cold).map(([phase, ms]) => [
    phase.replace(/Ms$/, '').replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    ms,
  ])

/** Measures the phases of this process's start, up to its first response. */
export interface ColdStartClock {
  loaded(): void
  ready(): void
  /** Returns the cold start at the first completed request, and undefined ever after. */
  firstResponse(): ColdStart | undefined
}

/** Creates a clock that measures this process's start, once. */
export function createColdStartClock(now = (): number => performance.now()): ColdStartClock {
  const marks = { spawnMs: startInfo()?.loadingAt ?? 0, loadMs: 0, readyMs: 0 }
  let hasResponded = false
  return {
    loaded: () => {
      marks.loadMs = now()
    },
    ready: () => {
      marks.readyMs = now()
    },
    firstResponse: () => {
      if (hasResponded) return undefined
      hasResponded = true
      return { ...marks, firstAnswerMs: now() }
    },
  }
}
