import { setTimeout as delay } from 'node:timers/promises'
import type { Report } from '../report.ts'
import type { Child } from './child.ts'

const FIRST_PAUSE_MS = 200
const LAST_PAUSE_MS = 10_000
/** Whoever ran this long did start well. */
const GOOD_RUN_MS = 10_000

/** Keeps an always-on part running: one that ends is started again, after an ever longer pause. */
export function keepRunning(
  part: string,
  { start, report, stopMs }: { start: () => Child; report: Report; stopMs: number },
) {
  const stopping = new AbortController()
  let pauseMs = FIRST_PAUSE_MS
  let child = start()
  const kept = (async () => {
    for (;;) {
      const startedAt = Date.now()
      const { code, signal } = await child.exited
      if (stopping.signal.aborted) return
      if (Date.now() - startedAt > GOOD_RUN_MS) pauseMs = FIRST_PAUSE_MS
      report({
        event: 'fault',
        part,
        message: `it ended (${signal ?? `status ${code}`}) and is started again`,
        nextStartInMs: pauseMs,
      })
      await delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => {})
      if (stopping.signal.aborted) return
      pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS)
      child = start()
    }
  })()
  return {
    stop: async () => {
      stopping.abort()
      await child.stop(stopMs)
      await kept
    },
  }
}
