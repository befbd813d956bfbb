import { type Config, ConfigError, type Log, liveSetting, requireSetting } from 'ebb/kernel'
import type { Peppers } from '../../src/data/keys/api-keys.ts'

/**
 * The peppers of the API keys, as the settings are at the time. A new EBB_KEY_PEPPER is taken only where the old one stands in
 * EBB_KEY_PEPPER_PREVIOUS: else every key would be refused from then on. Throws a ConfigError where there is none.
 */
export function openPeppers(config: Config, log: Pick<Log, 'info' | 'warn'>): Peppers {
  requireSetting(config, 'EBB_KEY_PEPPER')
  const newest = liveSetting(config, 'EBB_KEY_PEPPER', log)
  const previous = liveSetting(config, 'EBB_KEY_PEPPER_PREVIOUS', log)
  newest.onChange(async () => {
    await previous.refresh()
    if (previous.current() === newest.current()) return
    throw new ConfigError('the pepper before it must stand in EBB_KEY_PEPPER_PREVIOUS, or no key would be good')
  })
  return () => ({ current: newest.current() ?? '', previous: previous.current() })
}
