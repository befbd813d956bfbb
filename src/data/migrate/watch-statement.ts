import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { ConfigError } from '../../kernel/index.ts'
import { type ChangeOptions, describeOldestTransaction } from './change-schema.ts'

const POLL_MS = 250
const MAX_SAY_MS = 60_000
/** The server keeps the beginning of a statement's text. */
const COMPARED_CHARACTERS = 200

export interface StatementWatch {
  /** Runs a statement, and cancels it where it has waited for locks for too long: a ConfigError that says for whom. */
  run<Result>(text: string, send: () => Promise<Result>): Promise<Result>
  /** Waits until no other connection runs this statement, with the same limit. */
  untilEnded(text: string): Promise<void>
}

interface WatchOptions extends ChangeOptions {
  /** What waits, at the beginning of a message. */
  readonly what: string
}

/**
 * Watches statements that may take hours by themselves, so that only their waiting for locks has a limit: from another
 * connection, by their text, since there may be a pooler in between that hides which session runs them.
 */
export function createStatementWatch(client: pg.Client, { what, onWait, waitLimitMs }: WatchOptions): StatementWatch {
  const find = async (text: string) => {
    const { rows } = await client.query<{ pid: number; waits: boolean }>(
      `select pid, wait_event_type is not distinct from 'Lock' as waits from pg_stat_activity
       where datname = current_database() and state = 'active' and pid <> pg_backend_pid() and left(query, $2) = left($1, $2)`,
      [text, COMPARED_CHARACTERS],
    )
    return rows
  }
  /** Returns a function that looks once, and throws where the limit is reached. */
  const createLook = (text: string) => {
    let since: number | undefined
    let sayAtMs = 1_000
    return async (): Promise<boolean> => {
      const running = await find(text)
      const now = performance.now()
      since = running.some(({ waits }) => waits) ? (since ?? now) : undefined
      const waitedMs = since === undefined ? 0 : now - since
      if (waitedMs < Math.min(sayAtMs, waitLimitMs)) return running.length > 0
      sayAtMs = waitedMs + Math.min(waitedMs, MAX_SAY_MS)
      const message = `${what} waits for a lock; the oldest transaction is ${await describeOldestTransaction(client)}`
      if (waitedMs < waitLimitMs) {
        onWait(message)
        return true
      }
      for (const { pid } of running) await client.query('select pg_cancel_backend($1)', [pid])
      throw new ConfigError(`${message}: end it, and try again.`)
    }
  }
  return {
    run: async (text, send) => {
      const look = createLook(text)
      const state = { isRunning: true }
      const running = send().finally(() => {
        state.isRunning = false
      })
      running.catch(() => {})
      while (state.isRunning) {
        await Promise.race([running.catch(() => {}), delay(POLL_MS)])
        if (!state.isRunning) break
        await look().catch(async (error: unknown) => {
          if (!(error instanceof ConfigError)) return
          await running.catch(() => {})
          throw error
        })
      }
      return running
    },
    untilEnded: async (text) => {
      const look = createLook(text)
      while (await look()) await delay(POLL_MS)
    },
  }
}
