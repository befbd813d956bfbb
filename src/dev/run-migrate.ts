import { join } from 'node:path'
import { migrate } from '../data/migrate.ts'
import { need, processConfig } from '../kernel/index.ts'

/** Brings the database of DATABASE_DIRECT_URL (or DATABASE_URL) up to date and says what ran. */
export async function runMigrate(root: string): Promise<void> {
  const config = processConfig()
  const ran = await migrate(config.DATABASE_DIRECT_URL ?? need(config, 'DATABASE_URL'), {
    platform: join(root, 'src/data/migrations'),
    team: join(root, 'domain/migrations'),
  })
  process.stdout.write(ran.length > 0 ? `${ran.join('\n')}\n` : 'The database is up to date.\n')
}
