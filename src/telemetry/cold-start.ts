import { startInfo } from '../start/start-info.ts'

/** The parts of a cold start, in milliseconds since the process was started. */
export interface ColdStart {
  /** Node is up, and the function's own code begins to load. */
  readonly spawnMs: number
  /** It is loaded. */
  readonly loadMs: number
  /** It listens. */
  readonly readyMs: number
  /** The first answer is out. */
  readonly firstAnswerMs: number
}

/** Its parts by their names in spans and metrics: `first_answer` of `firstAnswerMs`. */
export const coldStartParts = (cold: ColdStart): readonly (readonly [name: string, ms: number])[] =>
  Object.entries(cold).map(([part, ms]) => [
    part.replace(/Ms$/, '').replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    ms,
  ])

export interface ColdStartClock {
  loaded(): void
  ready(): void
  /** The cold start, at the first request that is over; undefined ever after. */
  firstResponse(): ColdStart | undefined
}

/** Takes the times of this process's start, exactly once. */
export function createColdStartClock(now = (): number => performance.now()): ColdStartClock {
  const marks = { spawnMs: startInfo()?.loadingAt ?? 0, loadMs: 0, readyMs: 0 }
  let answered = false
  return {
    loaded: () => {
      marks.loadMs = now()
    },
    ready: () => {
      marks.readyMs = now()
    },
    firstResponse: () => {
      if (answered) return undefined
      answered = true
      return { ...marks, firstAnswerMs: now() }
    },
  }
}
