import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { ConfigError } from '../../kernel/index.ts'

/** Any number will do that nothing else in this database locks. */
const ADVISORY_LOCK_KEY = 0x0ebb_0001
/** Whoever uses a table waits behind a change that waits for it: no longer than this. */
const LOCK_TIMEOUT_MS = 1_000
const INITIAL_DELAY_MS = 250
const MAX_DELAY_MS = 5_000

export interface ChangeOptions {
  /** Told of each time that a lock was not to be had. */
  readonly onWait: (message: string) => void
  /** When to give up waiting for locks. */
  readonly waitLimitMs: number
}

/**
 * Runs `change` in a transaction of its own, alone among all that migrate this database. A lock that somebody holds is
 * given up after a second and tried again later, so that nobody queues behind it. The session keeps nothing: a pooler may
 * stand between.
 */
export async function changeSchema<Result>(
  client: pg.ClientBase,
  what: string,
  change: () => Promise<Result>,
  { onWait, waitLimitMs }: ChangeOptions,
): Promise<Result> {
  const giveUpAt = performance.now() + waitLimitMs
  for (let pauseMs = INITIAL_DELAY_MS; ; pauseMs = Math.min(pauseMs * 2, MAX_DELAY_MS)) {
    try {
      // Tables without a schema are the team's, whatever the role is called.
      await client.query(
        `begin; set local lock_timeout = ${LOCK_TIMEOUT_MS}; set local search_path = public; select pg_advisory_xact_lock(${ADVISORY_LOCK_KEY})`,
      )
      const result = await change()
      await client.query('commit')
      return result
    } catch (fault) {
      await client.query('rollback').catch(() => {})
      if (!isLockFailure(fault)) throw fault
      const message = `${what} waits for a lock; the oldest transaction is ${await describeOldestTransaction(client)}`
      if (performance.now() > giveUpAt) throw new ConfigError(`${message}: end it, and try again.`, { cause: fault })
      onWait(message)
    }
    await delay(pauseMs)
  }
}

const LOCK_NOT_AVAILABLE = '55P03'
const DEADLOCK = '40P01'

/** The driver's fault, or one that has it as its cause. */
function isLockFailure(fault: unknown): boolean {
  const { code, cause } = Object(fault) as { code?: unknown; cause?: unknown }
  return code === LOCK_NOT_AVAILABLE || code === DEADLOCK || (cause !== undefined && isLockFailure(cause))
}

/** What most likely holds the lock. Of other roles' sessions an ordinary role sees no more than their pid. */
async function describeOldestTransaction(client: pg.ClientBase): Promise<string> {
  const { rows } = await client.query<{ pid: number; usename: string; seconds: number | null; query: string }>(
    `select pid, usename, round(extract(epoch from clock_timestamp() - xact_start))::int as seconds, left(query, 80) as query
     from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
     order by xact_start nulls last limit 1`,
  )
  const [oldest] = rows
  if (!oldest) return 'not to be seen'
  return `of pid ${oldest.pid} (${oldest.usename}${oldest.seconds === null ? '' : `, ${oldest.seconds} s`}: ${oldest.query})`
}
