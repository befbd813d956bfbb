import { join } from 'node:path'
import pg from 'pg'
import { ensureKey, makeToken } from '../data/api-keys.ts'
import { rolesOf } from '../data/migrate/grant-roles.ts'
import type { Part } from '../data/migrate/privileges.ts'
import { migrate } from '../data/migrate.ts'
import { pointTo } from '../deploy/index.ts'
import { ROLES } from '../deploy/render/platform.ts'
import { type Config, forget, inherited } from '../kernel/index.ts'
import { type Contracts, readContracts } from './contracts.ts'
import type { Home } from './home.ts'
import { keepPostgres } from './keep-postgres.ts'
import { openRoles } from './open-roles.ts'
import { startRedis } from './redis.ts'
import type { Report } from './report.ts'
import { type Roles, readRoles } from './roles.ts'
import { openSecrets, type Secrets } from './secrets.ts'

export interface Stores {
  readonly secrets: Secrets
  /** The addresses of the stores for each part, by the names of their settings. */
  readonly urls: Readonly<Record<Part, Readonly<Record<string, string>>>>
  readonly contracts: Contracts
  readonly notes: Readonly<Record<string, string>>
  readonly roles: Roles
  stop(): Promise<void>
}

export interface StoresOptions {
  readonly root: string
  readonly home: Home
  readonly config: Config
  readonly report: Report
}

/** Brings up all that gateway and functions stand on: Postgres, migrated; Redis where there is one; contracts; keys. */
export async function startStores({ root, home, config, report }: StoresOptions): Promise<Stores> {
  // The driver reads them; they are for whatever server their owner has, and not for ours.
  if (!config.DATABASE_URL) forget('PG')
  const preparing = Promise.all([readContracts({ root, ...home }), readRoles(root)])
  preparing.catch(() => {})
  const [postgres, redis] = await Promise.allSettled([
    config.DATABASE_URL ? undefined : keepPostgres(home.postgres, { report }),
    config.REDIS_URL ? undefined : startRedis(inherited(['PATH']).PATH ?? ''),
  ])
  const stop = async () => {
    await Promise.all([startedOf(redis)?.stop(), startedOf(postgres)?.stop()])
  }
  try {
    if (postgres.status === 'rejected') throw postgres.reason
    const [contracts, roles] = await preparing
    await pointTo(home.pointer, contracts.bundle)
    const secrets = await openSecrets(home.secrets, Object.keys(roles), makeToken)
    const databaseUrl = config.DATABASE_URL ?? postgres.value?.url ?? ''
    const databases = postgres.value && (await openRoles(postgres.value.adminUrl, databaseUrl))
    await migrate(config.DATABASE_DIRECT_URL ?? databaseUrl, {
      platform: join(root, 'src/data/migrations'),
      team: join(root, 'domain/migrations'),
      ...(databases ? { roles: ROLES } : rolesOf(config)),
      onWait: (message) => report({ event: 'log', part: 'postgres', message }),
    })
    await ensureKeys(databaseUrl, secrets, roles)
    const redisUrl = config.REDIS_URL ?? startedOf(redis)?.url
    const urlsOf = (part: Part) => ({
      // Of a database of somebody's own nobody knows who may make roles there.
      DATABASE_URL: databases?.[part] ?? databaseUrl,
      ...(redisUrl ? { REDIS_URL: redisUrl } : {}),
    })
    return {
      ...{ secrets, roles, stop, contracts },
      urls: { gateway: urlsOf('gateway'), relay: urlsOf('relay'), functions: urlsOf('functions') },
      notes: {
        Postgres: config.DATABASE_URL ? 'DATABASE_URL' : `its own, data in ${home.folder}`,
        Redis: redisUrl ? (config.REDIS_URL ? 'REDIS_URL' : 'its own, keeps nothing') : 'none found; Ebb runs without',
        Mail: config.SMTP_URL ? 'SMTP_URL' : home.mail,
      },
    }
  } catch (fault) {
    await stop()
    throw fault
  }
}

const startedOf = <Value>(settled: PromiseSettledResult<Value>) =>
  settled.status === 'fulfilled' ? settled.value : undefined

async function ensureKeys(connectionString: string, { pepper, keys }: Secrets, roles: Roles) {
  const pool = new pg.Pool({ connectionString, max: 1 })
  try {
    for (const [role, scopes] of Object.entries(roles)) {
      await ensureKey(pool, pepper, keys[role] ?? '', { subject: role, scopes })
    }
  } finally {
    await pool.end()
  }
}
