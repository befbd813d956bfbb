import { randomBytes } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { replacePointer } from '../build/index.ts'
import { ensureKey, makeToken } from '../data/api-keys.ts'
import { migrate } from '../data/migrate/migrate.ts'
import { type Part, rolesOf } from '../data/migrate/privileges.ts'
import { type Roles, readRoles } from '../deploy/import-sources.ts'
import { ROLES } from '../deploy/render/platform.ts'
import { type Config, clearEnv, inheritedEnv } from '../kernel/index.ts'
import { generateIdentityKeys, type IdentityKeys } from '../protocol/index.ts'
import { type Contracts, readContracts } from './contracts.ts'
import type { DataDir } from './data-dir.ts'
import { ensureDatabaseRoles } from './database-roles.ts'
import { keepPostgres } from './keep-running.ts'
import { startRedis } from './redis.ts'
import type { Report } from './report.ts'

export interface Stores {
  readonly secrets: DevSecrets
  /** The addresses of the stores for each part, by the names of their settings. */
  readonly urls: Readonly<Record<Part, Readonly<Record<string, string>>>>
  readonly contracts: Contracts
  readonly notes: Readonly<Record<string, string>>
  readonly roles: Roles
  stop(): Promise<void>
}

interface StoresOptions {
  readonly root: string
  readonly dataDir: DataDir
  readonly config: Config
  readonly report: Report
}

/** Brings up all that gateway and functions stand on: Postgres, migrated; Redis where there is one; contracts; keys. */
export async function startStores({ root, dataDir, config, report }: StoresOptions): Promise<Stores> {
  // The driver reads them; they are for whatever server their owner has, and not for ours.
  if (!config.DATABASE_URL) clearEnv('PG')
  const preparing = Promise.all([readContracts({ root, ...dataDir }), readRoles(root)])
  preparing.catch(() => {})
  const [postgres, redis] = await Promise.allSettled([
    config.DATABASE_URL ? undefined : keepPostgres(dataDir.postgres, { report }),
    config.REDIS_URL ? undefined : startRedis(inheritedEnv(['PATH']).PATH ?? ''),
  ])
  const stop = async () => {
    await Promise.all([fulfilledValue(redis)?.stop(), fulfilledValue(postgres)?.stop()])
  }
  try {
    if (postgres.status === 'rejected') throw postgres.reason
    const [contracts, roles] = await preparing
    await replacePointer(dataDir.pointer, contracts.bundle)
    const secrets = await ensureSecrets(dataDir.secrets, Object.keys(roles), makeToken)
    const databaseUrl = config.DATABASE_URL ?? postgres.value?.url ?? ''
    const databases = postgres.value && (await ensureDatabaseRoles(postgres.value.adminUrl, databaseUrl))
    await migrate(config.DATABASE_DIRECT_URL ?? databaseUrl, {
      platform: join(root, 'src/data/migrations'),
      team: join(root, 'domain/migrations'),
      ...(databases ? { roles: ROLES } : rolesOf(config)),
      onWait: (message) => report({ event: 'log', part: 'postgres', message }),
    })
    await ensureKeys(databaseUrl, secrets, roles)
    const redisUrl = config.REDIS_URL ?? fulfilledValue(redis)?.url
    const urlsOf = (part: Part) => ({
      // Of a database of somebody's own nobody knows who may make roles there.
      DATABASE_URL: databases?.[part] ?? databaseUrl,
      ...(redisUrl ? { REDIS_URL: redisUrl } : {}),
    })
    return {
      ...{ secrets, roles, stop, contracts },
      urls: { gateway: urlsOf('gateway'), relay: urlsOf('relay'), functions: urlsOf('functions') },
      notes: {
        Postgres: config.DATABASE_URL ? 'DATABASE_URL' : `its own, data in ${dataDir.path}`,
        Redis: redisUrl ? (config.REDIS_URL ? 'REDIS_URL' : 'its own, keeps nothing') : 'none found; Ebb runs without',
        Mail: config.SMTP_URL ? 'SMTP_URL' : dataDir.mail,
      },
    }
  } catch (fault) {
    await stop()
    throw fault
  }
}

const fulfilledValue = <Value>(settled: PromiseSettledResult<Value>) =>
  settled.status === 'fulfilled' ? settled.value : undefined

async function ensureKeys(connectionString: string, { pepper, keys }: DevSecrets, roles: Roles) {
  const pool = new pg.Pool({ connectionString, max: 1 })
  try {
    for (const [role, scopes] of Object.entries(roles)) {
      await ensureKey(pool, pepper, keys[role] ?? '', { subject: role, scopes })
    }
  } finally {
    await pool.end()
  }
}

/** What this laptop made up for itself once. */
interface DevSecrets {
  readonly identity: IdentityKeys
  readonly pepper: string
  readonly adminKey: string
  /** API keys by role. */
  readonly keys: Readonly<Record<string, string>>
}

/** Reads the secrets of this home, made on first use; a role that is new gets a key by `newKey`. Only the owner may read them. */
async function ensureSecrets(file: string, roles: readonly string[], newKey: () => string): Promise<DevSecrets> {
  const stored = await readFile(file, 'utf8').then(
    (text): Partial<DevSecrets> => JSON.parse(text),
    (fault: NodeJS.ErrnoException): Partial<DevSecrets> => {
      if (fault.code !== 'ENOENT') throw fault
      return {}
    },
  )
  const secrets: DevSecrets = {
    // A home of the time when gateway and relay had one key gets new ones: whoever verifies them starts together with them.
    identity: stored.identity?.relay ? stored.identity : await generateIdentityKeys(),
    pepper: stored.pepper ?? randomBytes(32).toString('base64url'),
    adminKey: stored.adminKey ?? `ebb_admin_${randomBytes(24).toString('base64url')}`,
    keys: Object.fromEntries(roles.map((role) => [role, stored.keys?.[role] ?? newKey()])),
  }
  await writeFile(`${file}.new`, JSON.stringify(secrets, undefined, 2), { mode: 0o600 })
  await rename(`${file}.new`, file)
  return secrets
}
