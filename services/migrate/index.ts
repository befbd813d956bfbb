import { dirname, join } from 'node:path'
import { ConfigError, createLog, processConfig, requireSetting } from 'ebb/kernel'
import { rolesOf } from '../../src/data/migrate/privileges.ts'
import { migrateWhenThere } from './migrate-when-there.ts'

start().catch((fault) => {
  const said = fault instanceof ConfigError ? fault.message : fault instanceof Error ? fault.stack : fault
  process.stderr.write(`migrate: ${said}\n`)
  process.exit(1)
})

/** Brings the database up to date and ends, with status 0 when it is. The migrations lie beside the program. */
async function start() {
  const config = processConfig()
  const log = createLog({ level: config.LOG_LEVEL, service: 'migrate', revision: config.EBB_REVISION })
  const folder = join(dirname(process.argv[1] ?? ''), 'migrations')
  const ran = await migrateWhenThere(config.DATABASE_DIRECT_URL ?? requireSetting(config, 'DATABASE_URL'), {
    ...{ platform: join(folder, 'platform'), team: join(folder, 'team') },
    ...{ ...rolesOf(config), log },
  })
  log.info({ ran }, 'the database is up to date')
}
