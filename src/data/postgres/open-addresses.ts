import { type Config, type Log, liveSetting, requireSetting } from '../../kernel/index.ts'
import { createDatabaseAddress, type DatabaseAddress } from './database-address.ts'

/**
 * The addresses of a service's database: where statements go, which may be a pooler, and where LISTEN goes. Both follow their
 * settings. Throws a ConfigError where there is no DATABASE_URL.
 */
export function openDatabaseAddresses(
  config: Config,
  log: Pick<Log, 'info' | 'warn'>,
): Readonly<Record<'pooled' | 'direct', DatabaseAddress>> {
  requireSetting(config, 'DATABASE_URL')
  const addressOf = (name: 'DATABASE_URL' | 'DATABASE_DIRECT_URL') =>
    createDatabaseAddress(liveSetting(config, name, log), { log })
  const pooled = addressOf('DATABASE_URL')
  return { pooled, direct: config.DATABASE_DIRECT_URL === undefined ? pooled : addressOf('DATABASE_DIRECT_URL') }
}
