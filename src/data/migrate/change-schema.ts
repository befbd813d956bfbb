import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { ConfigError } from '../../kernel/index.ts'

/** Any number that nothing else in this database locks. */
export const ADVISORY_LOCK_KEY = 0x0ebb_0001
/** Queries on a table queue behind a change that waits for its lock: no longer than this. */
const LOCK_TIMEOUT_MS = 1_000
const INITIAL_DELAY_MS = 250
const MAX_DELAY_MS = 5_000

/** How a change of the schema waits for the locks that it needs. */
export interface ChangeOptions {
  /** Called each time that a lock could not be acquired. */
  readonly onWait: (message: string) => void
  /** How long to wait for locks in all. */
  readonly waitLimitMs: number
}

/**
 * Runs `change` in a transaction of its own, one at a time among all processes that migrate this database. After a second
 * of waiting for a lock it rolls back and retries later, so that other queries do not queue behind it. The session keeps no
 * state: there may be a pooler in between.
 */
export async function changeSchema<Result>(
  client: pg.ClientBase,
  what: string,
  change: () => Promise<Result>,
  { onWait, waitLimitMs }: ChangeOptions,
): Promise<Result> {
  const giveUpAt = performance.now() + waitLimitMs
  for (let delayMs = INITIAL_DELAY_MS; ; delayMs = Math.min(delayMs * 2, MAX_DELAY_MS)) {
    try {
      // Unqualified names are the team's schema, whatever the role is called. A statement that would see a part of a table's
      // rows only, such as those of one tenant, is an error.
      await client.query(
        `begin; set local lock_timeout = ${LOCK_TIMEOUT_MS}; set local search_path = public; set local row_security = off; select pg_advisory_xact_lock(${ADVISORY_LOCK_KEY})`,
      )
      const result = await change()
      await client.query('commit')
      return result
    } catch (error) {
      await client.query('rollback').catch(() => {})
      if (!isLockFailure(error)) throw error
      const message = `${what} waits for a lock; the oldest transaction is ${await describeOldestTransaction(client)}`
      if (performance.now() > giveUpAt) throw new ConfigError(`${message}: end it, and try again.`, { cause: error })
      onWait(message)
    }
    await delay(delayMs)
  }
}

const LOCK_NOT_AVAILABLE = '55P03'
const DEADLOCK = '40P01'

/** The driver's error, or one that has it as its cause. */
export function isLockFailure(error: unknown): boolean {
  const { code, cause } = Object(error) as { code?: unknown; cause?: unknown }
  return code === LOCK_NOT_AVAILABLE || code === DEADLOCK || (cause !== undefined && isLockFailure(cause))
}

/** It most likely holds the lock. Of other roles' sessions an ordinary role sees only the pid. */
export async function describeOldestTransaction(client: pg.ClientBase): Promise<string> {
  const { rows } = await client.query<{ pid: number; usename: string; seconds: number | null; query: string }>(
    `select pid, usename, round(extract(epoch from clock_timestamp() - xact_start))::int as seconds, left(query, 80) as query
     from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
     order by xact_start nulls last limit 1`,
  )
  const [oldest] = rows
  if (!oldest) return 'not visible'
  return `of pid ${oldest.pid} (${oldest.usename}${oldest.seconds === null ? '' : `, ${oldest.seconds} s`}: ${oldest.query})`
}
