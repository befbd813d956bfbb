import { setTimeout as delay } from 'node:timers/promises'
import { ConfigError, type Log } from 'ebb/kernel'
import type pg from 'pg'
import { connectToMigrate, type MigrateOptions, migrateWith } from '../../src/data/migrate/migrate.ts'
import { endConnection } from '../../src/data/postgres/connection.ts'
import { isUnavailable } from '../../src/data/postgres/database-error.ts'

const FIRST_RETRY_MS = 500
const LAST_RETRY_MS = 5_000

/** Migrates as soon as the database answers, however long that takes: whoever started us sets the limit. */
export async function migrateWhenThere(
  connectionString: string,
  { log, ...options }: MigrateOptions & { readonly log: Log },
): Promise<readonly string[]> {
  const client = await connectWhenThere(connectionString, log)
  try {
    return await migrateWith(client, { onWait: (message) => log.warn(message), ...options })
  } finally {
    await endConnection(client)
  }
}

/** Only that nobody answers is foreseen: a server that refuses the password, the role or the database says so again. */
async function connectWhenThere(connectionString: string, log: Log): Promise<pg.Client> {
  for (let waitMs = FIRST_RETRY_MS; ; waitMs = Math.min(waitMs * 2, LAST_RETRY_MS)) {
    try {
      return await connectToMigrate(connectionString)
    } catch (fault) {
      if (!(fault instanceof ConfigError && (isUnavailable(fault.cause) || isSlow(fault.cause)))) throw fault
      log.warn({ retryInMs: waitMs }, fault.message)
    }
    await delay(waitMs)
  }
}

/** What the driver says of a server that takes the connection and then keeps silent. */
const isSlow = (cause: unknown) => cause instanceof Error && cause.message === 'timeout expired'
