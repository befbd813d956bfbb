import { setTimeout as delay } from 'node:timers/promises'
import type { Exit } from './processes/start-child.ts'
import type { Report } from './report.ts'

interface KeepRunningOptions<Running> {
  /** Starts it again; what it rejects with is reported, and it is tried again. */
  readonly start: (signal: AbortSignal) => Promise<Running> | Running
  readonly stop: (running: Running) => Promise<unknown>
  readonly report: Report
  /** The pause before the first restart; it doubles with each further one, up to `maxPauseMs`. */
  readonly initialPauseMs: number
  readonly maxPauseMs: number
}

const MIN_DOUBLED_MS = 100
/** A process that ran this long has started well: the pause begins anew. */
const GOOD_RUN_MS = 10_000

/** Keeps a process running: one that ends by itself is started again, after ever longer pauses. */
export function keepRunning<Running extends { readonly exited: Promise<Exit> }>(
  part: string,
  first: Running,
  { start, stop, report, initialPauseMs, maxPauseMs }: KeepRunningOptions<Running>,
) {
  const stopping = new AbortController()
  const { signal } = stopping
  let running = first
  let pauseMs = initialPauseMs

  const reportFault = (message: string) =>
    report({ event: 'fault', part, message, ...(pauseMs > 0 ? { nextStartInMs: pauseMs } : {}) })

  async function restart(): Promise<Running | undefined> {
    for (;;) {
      await delay(pauseMs, undefined, { signal }).catch(() => {})
      if (signal.aborted) return undefined
      pauseMs = Math.min(Math.max(pauseMs * 2, MIN_DOUBLED_MS), maxPauseMs)
      try {
        return await start(signal)
      } catch (error) {
        if (signal.aborted) return undefined
        reportFault(error instanceof Error ? error.message : String(error))
      }
    }
  }

  const kept = (async () => {
    for (;;) {
      const startedAt = Date.now()
      const { code, signal: killedBy } = await running.exited
      if (signal.aborted) return
      if (Date.now() - startedAt > GOOD_RUN_MS) pauseMs = initialPauseMs
      reportFault(`it ended (${killedBy ?? `status ${code}`}) and is started again`)
      const next = await restart()
      if (!next) return
      running = next
    }
  })()
  return {
    stop: async () => {
      stopping.abort()
      await stop(running)
      await kept
    },
  }
}
