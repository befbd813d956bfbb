import { setTimeout as delay } from 'node:timers/promises'
import { ConfigFault, type Log } from 'ebb/kernel'
import { type MigrateOptions, migrate } from '../../src/data/migrate.ts'

const FIRST_RETRY_MS = 500
const LAST_RETRY_MS = 5_000

/** Migrates as soon as the database answers, however long that takes: whoever started us sets the limit. */
export async function migrateWhenThere(
  connectionString: string,
  { log, ...options }: MigrateOptions & { readonly log: Log },
): Promise<readonly string[]> {
  for (let waitMs = FIRST_RETRY_MS; ; waitMs = Math.min(waitMs * 2, LAST_RETRY_MS)) {
    try {
      return await migrate(connectionString, options)
    } catch (fault) {
      // Only that nobody answers is foreseen; a migration that fails would fail again.
      if (!(fault instanceof ConfigFault)) throw fault
      log.warn({ retryInMs: waitMs }, fault.message)
    }
    await delay(waitMs)
  }
}
