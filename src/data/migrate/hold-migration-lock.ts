import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { ConfigError } from '../../kernel/index.ts'
import { endConnection } from '../postgres/connection.ts'
import { ADVISORY_LOCK_KEY, type ChangeOptions } from './change-schema.ts'

const POLL_MS = 500

interface LockOptions extends ChangeOptions {
  readonly connect: () => Promise<pg.Client>
}

/**
 * Runs `work` while no other process migrates this database, outside of a transaction: the lock is that of a transaction of its
 * own, on a connection of its own. It has no snapshot, for which a concurrent build would wait, and ends with its process.
 */
export async function holdMigrationLock<Result>(
  { connect, onWait, waitLimitMs }: LockOptions,
  what: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const holder = await connect()
  try {
    const giveUpAt = performance.now() + waitLimitMs
    for (let isFirst = true; !(await tryLock(holder)); isFirst = false) {
      const message = `${what} waits for another process that migrates this database`
      if (performance.now() > giveUpAt) throw new ConfigError(`${message}: try again when that has ended.`)
      if (isFirst) onWait(message)
      await delay(POLL_MS)
    }
    return await work()
  } finally {
    await holder.query('rollback').catch(() => {})
    await endConnection(holder)
  }
}

async function tryLock(holder: pg.Client): Promise<boolean> {
  await holder.query('begin; set local idle_in_transaction_session_timeout = 0')
  // Without parameters: the extended protocol would leave a portal open, and with it a snapshot.
  const { rows } = await holder.query<{ locked: boolean }>(
    `select pg_try_advisory_xact_lock(${ADVISORY_LOCK_KEY}) as locked`,
  )
  if (rows[0]?.locked) return true
  await holder.query('rollback')
  return false
}
