import { join, resolve } from 'node:path'
import { bundleContracts, bundleFunction, replacePointer } from '../../../src/build/index.ts'
import { createKey } from '../../../src/data/keys/api-keys.ts'
import { migrate } from '../../../src/data/migrate/migrate.ts'
import { createPool } from '../../../src/data/postgres/pool.ts'
import { ROLES } from '../../../src/deploy/render/platform.ts'
import { createLog } from '../../../src/kernel/index.ts'

const PROJECT = resolve('test/chaos')
export const PEPPER = 'p'.repeat(32)

/** Migrates the database; returns the API key of the one caller. */
export async function prepareDatabase(url: string): Promise<string> {
  await migrate(url, { platform: 'src/data/migrations', team: join(PROJECT, 'domain/migrations'), roles: ROLES })
  const pool = createPool(url, { max: 1, log: createLog({ level: 'silent' }) })
  const { token } = await createKey(pool, PEPPER, { subject: 'ann', scopes: [], actor: 'test' })
  await pool.end()
  return token
}

/** Builds what gateway and relays read, and each function as its image runs it. */
export async function buildParts<Name extends string>(folder: string, names: readonly Name[]) {
  const contracts = join(folder, 'contracts')
  await replacePointer(contracts, await bundleContracts(PROJECT, folder, { version: '1' }))
  const built = names.map(async (name) => [name, (await bundleFunction(PROJECT, name, folder)).file] as const)
  // Each of the names has its file.
  const functions = Object.fromEntries(await Promise.all(built)) as Readonly<Record<Name, string>>
  return { contracts, functions }
}
