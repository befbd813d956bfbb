import type { Config } from './config.ts'

/** The stores of the platform, and the settings by which each is reached. */
const SETTINGS_OF = {
  mail: ['SMTP_URL', 'EBB_MAIL_FOLDER'],
  postgres: ['DATABASE_URL', 'DATABASE_DIRECT_URL'],
  redis: ['REDIS_URL'],
} as const satisfies Readonly<Record<string, readonly (keyof Config)[]>>

export type Store = keyof typeof SETTINGS_OF

/** Their names, in order. */
// Object.keys of what has no other keys.
export const STORES = Object.keys(SETTINGS_OF) as readonly Store[]

/** The settings without those of all stores but these: on a cluster, a pod has no others. */
export function settingsWithin(config: Config, stores: readonly Store[]): Config {
  const others = STORES.filter((store) => !stores.includes(store)).flatMap((store) => SETTINGS_OF[store])
  return { ...config, ...Object.fromEntries(others.map((name) => [name, undefined])) }
}
