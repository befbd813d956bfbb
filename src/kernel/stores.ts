import { type Config, overrideConfig } from './config.ts'

/** The stores of the platform, and the settings that say where each is. */
const STORE_SETTINGS = {
  mail: ['SMTP_URL', 'EBB_MAIL_FOLDER'],
  objects: ['EBB_OBJECTS_URL', 'EBB_OBJECTS_PUBLIC_URL'],
  postgres: ['DATABASE_URL', 'DATABASE_DIRECT_URL', 'DATABASE_READ_URL'],
  redis: ['REDIS_URL'],
} as const satisfies Readonly<Record<string, readonly (keyof Config)[]>>

/** One of the platform's stores, as a resource names it in `stores`. */
export type Store = keyof typeof STORE_SETTINGS

/** The names of the stores. */
// Object.keys of an object that has no other keys.
export const STORES = Object.keys(STORE_SETTINGS) as readonly Store[]

/** The settings without those of other stores: on a cluster, a pod has no others. */
export function restrictToStores(config: Config, stores: readonly Store[]): Config {
  const others = STORES.filter((store) => !stores.includes(store)).flatMap((store) => STORE_SETTINGS[store])
  return overrideConfig(config, Object.fromEntries(others.map((name) => [name, undefined])))
}
