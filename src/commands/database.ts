import { join } from 'node:path'
import { migrate } from '../data/migrate/migrate.ts'
import { rolesOf } from '../data/migrate/privileges.ts'
import { PLATFORM } from '../deploy/platform-files.ts'
import { readAnnouncement } from '../dev/announcement.ts'
import { ConfigError, processConfig, requireSetting } from '../kernel/index.ts'
import { printJson, printLine } from './command.ts'
import { type Form, form, JSON_OPTION } from './form.ts'

export const databaseCommand: readonly Form[] = [
  form({
    description: 'Print the address of the database of the Ebb that runs here, with the rights of a function.',
    options: { json: JSON_OPTION },
    examples: ['database', 'database --json'],
    run: async (project, { json }) => {
      const { DATABASE_URL } = (await readAnnouncement(project)).urls
      if (!DATABASE_URL) throw new ConfigError('the running Ebb has not announced its database; start it again')
      if (json) printJson({ url: DATABASE_URL })
      else printLine(DATABASE_URL)
    },
  }),
]

export const migrateCommand: readonly Form[] = [
  form({
    description:
      "Migrate the database of DATABASE_DIRECT_URL or DATABASE_URL: first the platform's tables, then the team's.",
    options: { json: JSON_OPTION },
    examples: ['migrate'],
    run: async (project, { json }) => {
      const config = processConfig()
      const applied = await migrate(config.DATABASE_DIRECT_URL ?? requireSetting(config, 'DATABASE_URL'), {
        platform: join(PLATFORM, 'src/data/migrations'),
        team: join(project, 'domain/migrations'),
        ...rolesOf(config),
        onWait: (message) => process.stderr.write(`${message}\n`),
        onLeak: (message) => process.stderr.write(`${message}\n`),
      })
      if (json) printJson({ applied })
      else printLine(applied.length > 0 ? applied.join('\n') : 'The database is up to date.')
    },
  }),
]
