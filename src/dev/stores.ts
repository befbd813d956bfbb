import { join } from 'node:path'
import pg from 'pg'
import { ensureKey, makeToken } from '../data/api-keys.ts'
import { migrate } from '../data/migrate.ts'
import { pointTo } from '../deploy/index.ts'
import { type Config, inherited } from '../kernel/index.ts'
import { type Contracts, readContracts } from './contracts.ts'
import type { Home } from './home.ts'
import { keepPostgres } from './keep-postgres.ts'
import { startRedis } from './redis.ts'
import type { Report } from './report.ts'
import { type Roles, readRoles } from './roles.ts'
import { openSecrets, type Secrets } from './secrets.ts'

export interface Stores {
  readonly secrets: Secrets
  readonly urls: Readonly<Record<string, string>>
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
    await migrate(config.DATABASE_DIRECT_URL ?? databaseUrl, {
      platform: join(root, 'src/data/migrations'),
      team: join(root, 'domain/migrations'),
      onWait: (message) => report({ event: 'log', part: 'postgres', message }),
    })
    await ensureKeys(databaseUrl, secrets, roles)
    const redisUrl = config.REDIS_URL ?? startedOf(redis)?.url
    return {
      ...{ secrets, roles, stop, contracts },
      urls: { DATABASE_URL: databaseUrl, ...(redisUrl ? { REDIS_URL: redisUrl } : {}) },
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
