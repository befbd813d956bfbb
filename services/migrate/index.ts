import { dirname, join } from 'node:path'
import { ConfigError, createLog, processConfig, requireSetting } from 'ebb/kernel'
import { rolesOf } from '../../src/data/migrate/privileges.ts'
import { migrateWhenAvailable } from './migrate-when-available.ts'

start().catch((error) => {
  const text = error instanceof ConfigError ? error.message : error instanceof Error ? error.stack : error
  process.stderr.write(`migrate: ${text}\n`)
  process.exit(1)
})

/** Brings the database up to date and ends, with status 0 when it is. The migrations lie beside the program. */
async function start() {
  const config = processConfig()
  const log = createLog({ level: config.LOG_LEVEL, service: 'migrate', revision: config.EBB_REVISION })
  const folder = join(dirname(process.argv[1] ?? ''), 'migrations')
  const ran = await migrateWhenAvailable(config.DATABASE_DIRECT_URL ?? requireSetting(config, 'DATABASE_URL'), {
    ...{ platform: join(folder, 'platform'), team: join(folder, 'team') },
    ...{ ...rolesOf(config), log },
  })
  log.info({ ran }, 'the database is up to date')
}
