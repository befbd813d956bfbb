import { setTimeout as delay } from 'node:timers/promises'
import { ConfigError, type Log } from 'ebb/kernel'
import type pg from 'pg'
import { connectToMigrate, type MigrateOptions, migrateWith } from '../../src/data/migrate/migrate.ts'
import { endConnection } from '../../src/data/postgres/connection.ts'
import { isUnavailable } from '../../src/data/postgres/database-error.ts'

const INITIAL_RETRY_MS = 500
const MAX_RETRY_MS = 5_000

/** Migrates as soon as the database answers, however long that takes: what starts this process sets the limit. */
export async function migrateWhenAvailable(
  connectionString: string,
  { log, ...options }: MigrateOptions & { readonly log: Log },
): Promise<readonly string[]> {
  const client = await connectWhenAvailable(connectionString, log)
  try {
    return await migrateWith(client, {
      connect: () => connectToMigrate(connectionString),
      onWait: (message) => log.warn(message),
      onLeak: (message) => log.warn(message),
      ...options,
    })
  } finally {
    await endConnection(client)
  }
}

/** Waits only while nothing answers: a server that refuses the password, the role or the database will do so again. */
async function connectWhenAvailable(connectionString: string, log: Log): Promise<pg.Client> {
  for (let waitMs = INITIAL_RETRY_MS; ; waitMs = Math.min(waitMs * 2, MAX_RETRY_MS)) {
    try {
      return await connectToMigrate(connectionString)
    } catch (error) {
      if (!(error instanceof ConfigError && (isUnavailable(error.cause) || isSilent(error.cause)))) throw error
      log.warn({ retryInMs: waitMs }, error.message)
    }
    await delay(waitMs)
  }
}

/** The driver's error for a server that accepts the connection and then says nothing. */
const isSilent = (cause: unknown) => cause instanceof Error && cause.message === 'timeout expired'
