import { setTimeout as delay } from 'node:timers/promises'
import { type RunningPostgres, startPostgres } from './postgres/index.ts'
import type { Report } from './report.ts'

const FIRST_PAUSE_MS = 100
const LAST_PAUSE_MS = 5_000

/** Starts Postgres and keeps it running where it was: one that ends by itself is started again on the same port. */
export async function keepPostgres(folder: string, { report }: { report: Report }) {
  const log = (line: string) => report({ event: 'log', part: 'postgres', message: line })
  let running: RunningPostgres = await startPostgres(folder, { log })
  report({ event: 'start', part: 'postgres', pid: running.pid })
  const { url, adminUrl } = running
  const port = Number(new URL(url).port)
  const stopping = new AbortController()
  const { signal } = stopping

  const restart = async () => {
    for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS)) {
      try {
        return await startPostgres(folder, { log, port, signal })
      } catch (fault) {
        if (signal.aborted) return undefined
        report({
          event: 'fault',
          part: 'postgres',
          message: fault instanceof Error ? fault.message : String(fault),
          nextStartInMs: pauseMs,
        })
        await delay(pauseMs, undefined, { signal }).catch(() => {})
      }
    }
    return undefined
  }
  const kept = (async () => {
    for (;;) {
      const { code, signal: killedBy } = await running.exited
      if (signal.aborted) return
      report({
        event: 'fault',
        part: 'postgres',
        message: `it ended (${killedBy ?? `status ${code}`}) and is started again`,
      })
      const again = await restart()
      if (!again) return
      running = again
      report({ event: 'start', part: 'postgres', pid: running.pid })
    }
  })()

  return {
    url,
    adminUrl,
    stop: async () => {
      stopping.abort()
      await running.stop()
      await kept
    },
  }
}
