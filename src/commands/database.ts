import { join } from 'node:path'
import { migrate } from '../data/migrate/migrate.ts'
import { rolesOf } from '../data/migrate/privileges.ts'
import { PLATFORM } from '../deploy/platform-files.ts'
import { readAnnouncement } from '../dev/announcement.ts'
import { ConfigError, processConfig, requireSetting } from '../kernel/index.ts'
import { type Command, printLine, usageError } from './command.ts'

export const databaseCommand: Command = {
  usage: ['database'],
  description:
    'print the database address of the running Ebb, with the rights of a function: psql "$(npx ebb database)"',
  run: async (project, args) => {
    if (args.length > 0) throw usageError(databaseCommand)
    const { DATABASE_URL } = (await readAnnouncement(project)).urls
    if (!DATABASE_URL) throw new ConfigError('the running Ebb has not announced its database; start it again')
    printLine(DATABASE_URL)
  },
}

export const migrateCommand: Command = {
  usage: ['migrate'],
  description: "bring DATABASE_DIRECT_URL or DATABASE_URL up to date: the platform's tables, then the team's",
  run: async (project) => {
    const config = processConfig()
    const applied = await migrate(config.DATABASE_DIRECT_URL ?? requireSetting(config, 'DATABASE_URL'), {
      platform: join(PLATFORM, 'src/data/migrations'),
      team: join(project, 'domain/migrations'),
      ...rolesOf(config),
      onWait: (message) => process.stderr.write(`${message}\n`),
    })
    printLine(applied.length > 0 ? applied.join('\n') : 'The database is up to date.')
  },
}
