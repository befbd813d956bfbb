import { join } from 'node:path'
import { ConfigError, processConfig } from '../../kernel/index.ts'
import { dataDirOf } from '../announcement.ts'
import { PROVIDER_FOLDER } from '../data-dir.ts'
import { PROVIDER_CONFIG, readProviderConfig, writeProviderConfig } from './provider-config.ts'
import { rotateKeys } from './signing-keys.ts'

/** Puts a new key in front of those of the laptop's provider, which follows its file. Returns the ids of all keys. */
export async function rotateProviderKeys(
  project: string,
  { dropsOld }: { readonly dropsOld: boolean },
): Promise<readonly string[]> {
  const file = join(dataDirOf(project, processConfig()), PROVIDER_FOLDER, PROVIDER_CONFIG)
  const config = await readProviderConfig(file).catch((cause) => {
    throw new ConfigError('there are no keys to rotate yet: they are made when Ebb first starts, with npm start', {
      cause,
    })
  })
  const keys = await rotateKeys(dropsOld ? [] : (config.keys ?? []))
  await writeProviderConfig(file, { ...config, keys })
  return keys.map(({ jwk }) => jwk.kid)
}
