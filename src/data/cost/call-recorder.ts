import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import type { Log } from '../../kernel/index.ts'
import { queryWithTimeout } from '../postgres/with-connection.ts'
import { type RecordedCalls, recordCalls } from './record-calls.ts'
import { createCallTallies } from './tally-calls.ts'
import { createMinuteTraces } from './trace-minutes.ts'

/** Keeps what requests and calls there were, and writes it down every few seconds. */
export type CallRecorder = ReturnType<typeof createCallRecorder>

export interface CallRecorderOptions {
  readonly by: RecordedCalls['by']
  readonly log: Pick<Log, 'warn'>
  /** Default: 10 s. */
  readonly intervalMs?: number
  readonly now?: () => number
}

const INTERVAL_MS = 10_000
const LIMIT_MS = 2_000

/**
 * Creates what a gateway or a relay counts its requests and calls with. No request waits for it: what cannot be written is kept for
 * the next time, and of what was written and not confirmed, a part may be there twice.
 */
export function createCallRecorder(pool: pg.Pool, { by, log, intervalMs = INTERVAL_MS, now }: CallRecorderOptions) {
  const recorder = randomUUID()
  const tallies = createCallTallies()
  const traces = createMinuteTraces(now ? { now } : {})
  let recorded = { seconds: 0, cpuSeconds: 0 }
  let unwritten: Pick<RecordedCalls, 'tallies' | 'minutes'> | undefined
  let writing = Promise.resolve()

  async function write({ all = false } = {}) {
    unwritten ??= { tallies: tallies.take(), minutes: traces.take({ all }) }
    const { user, system } = process.cpuUsage()
    // The clock of a process begins with it.
    const used = { seconds: performance.now() / 1_000, cpuSeconds: (user + system) / 1_000_000 }
    const calls: RecordedCalls = {
      ...{ by, recorder, ...unwritten, instances: recorded.seconds === 0 ? 1 : 0 },
      ...{ seconds: used.seconds - recorded.seconds, cpuSeconds: used.cpuSeconds - recorded.cpuSeconds },
    }
    await queryWithTimeout(pool, LIMIT_MS, (client) => recordCalls(client, calls))
    recorded = used
    unwritten = undefined
  }
  const flush = (options?: { readonly all: boolean }) => {
    writing = writing
      .then(() => write(options))
      .catch((error: unknown) => log.warn({ err: error }, 'what calls have used could not be recorded'))
    return writing
  }
  const timer = setInterval(flush, intervalMs, undefined).unref()
  return {
    begin: traces.begin,
    asked: traces.asked,
    count: tallies.count,
    flush,
    async close() {
      clearInterval(timer)
      if (unwritten) await flush()
      await flush({ all: true })
    },
  }
}
