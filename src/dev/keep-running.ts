import { setTimeout as delay } from 'node:timers/promises'
import { type RunningPostgres, startPostgres } from './postgres/index.ts'
import type { Child } from './processes/start-child.ts'
import type { Report } from './report.ts'

const INITIAL_PAUSE_MS = 200
const MAX_PAUSE_MS = 10_000
/** A service that ran this long has started well. */
const GOOD_RUN_MS = 10_000

/** Keeps an always-on service running: if it ends, it is started again, after an ever longer pause. */
export function keepRunning(
  part: string,
  { start, report, stopMs }: { start: () => Child; report: Report; stopMs: number },
) {
  const stopping = new AbortController()
  let pauseMs = INITIAL_PAUSE_MS
  let child = start()
  const kept = (async () => {
    for (;;) {
      const startedAt = Date.now()
      const { code, signal } = await child.exited
      if (stopping.signal.aborted) return
      if (Date.now() - startedAt > GOOD_RUN_MS) pauseMs = INITIAL_PAUSE_MS
      report({
        event: 'fault',
        part,
        message: `it ended (${signal ?? `status ${code}`}) and is started again`,
        nextStartInMs: pauseMs,
      })
      await delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => {})
      if (stopping.signal.aborted) return
      pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)
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

const POSTGRES_INITIAL_PAUSE_MS = 100
const POSTGRES_MAX_PAUSE_MS = 5_000

/** Starts Postgres and keeps it running: if it ends by itself, it is started again on the same port. */
export async function keepPostgres(folder: string, { report }: { report: Report }) {
  const log = (line: string) => report({ event: 'log', part: 'postgres', message: line })
  let running: RunningPostgres = await startPostgres(folder, { log })
  report({ event: 'start', part: 'postgres', pid: running.pid })
  const { url, adminUrl } = running
  const port = Number(new URL(url).port)
  const stopping = new AbortController()
  const { signal } = stopping

  const restart = async () => {
    for (
      let pauseMs = POSTGRES_INITIAL_PAUSE_MS;
      !signal.aborted;
      pauseMs = Math.min(pauseMs * 2, POSTGRES_MAX_PAUSE_MS)
    ) {
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
