import { dirname, join } from 'node:path'
import { requireSetting, runService } from 'ebb/kernel'
import { rolesOf } from '../../src/data/migrate/privileges.ts'
import { migrateWhenAvailable } from './migrate-when-available.ts'

/** Brings the database up to date and ends, with status 0 when it is. The migrations lie beside the program. */
runService('migrate', async (config, log) => {
  const folder = join(dirname(process.argv[1] ?? ''), 'migrations')
  const ran = await migrateWhenAvailable(config.DATABASE_DIRECT_URL ?? requireSetting(config, 'DATABASE_URL'), {
    ...{ platform: join(folder, 'platform'), team: join(folder, 'team') },
    ...{ ...rolesOf(config), log },
  })
  log.info({ ran }, 'the database is up to date')
})
