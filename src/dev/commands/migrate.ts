import { join } from 'node:path'
import { rolesOf } from '../../data/migrate/grant-roles.ts'
import { migrate as run } from '../../data/migrate.ts'
import { need, processConfig } from '../../kernel/index.ts'
import type { Command } from './command.ts'

export const migrate: Command = {
  usage: ['migrate'],
  does: "bring DATABASE_DIRECT_URL or DATABASE_URL up to date: the platform's tables, then the team's",
  run: async (root) => {
    const config = processConfig()
    const ran = await run(config.DATABASE_DIRECT_URL ?? need(config, 'DATABASE_URL'), {
      platform: join(root, 'src/data/migrations'),
      team: join(root, 'domain/migrations'),
      ...rolesOf(config),
      onWait: (message) => process.stderr.write(`${message}\n`),
    })
    process.stdout.write(ran.length > 0 ? `${ran.join('\n')}\n` : 'The database is up to date.\n')
  },
}
