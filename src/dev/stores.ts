import { randomBytes } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { replacePointer } from '../build/index.ts'
import { makeToken } from '../data/keys/api-key-token.ts'
import { ensureKey } from '../data/keys/api-keys.ts'
import { migrate } from '../data/migrate/migrate.ts'
import { type DatabaseUser, rolesOf } from '../data/migrate/privileges.ts'
import { type Roles, readRoles } from '../deploy/import-sources.ts'
import { PLATFORM } from '../deploy/platform-files.ts'
import { ROLES } from '../deploy/render/platform.ts'
import { type Config, clearEnv, inheritedEnv } from '../kernel/index.ts'
import { generateIdentityKeys, type IdentityKeys } from '../protocol/index.ts'
import { type Contracts, readKeptContracts } from './contracts.ts'
import type { DataDir } from './data-dir.ts'
import { ensureDatabaseRoles } from './database-roles.ts'
import { keepRunning } from './keep-running.ts'
import type { KeptBundles } from './kept-bundles.ts'
import { startObjects } from './objects/start-objects.ts'
import { startPostgres } from './postgres/index.ts'
import { startRedis } from './redis.ts'
import type { Report } from './report.ts'

/** The stores that `ebb dev` runs or was given, with their addresses. */
export interface Stores {
  readonly secrets: DevSecrets
  /** The addresses of the stores for each part, by setting name. */
  readonly urls: Readonly<Record<DatabaseUser, Readonly<Record<string, string>>>>
  readonly contracts: Contracts
  readonly notes: Readonly<Record<string, string>>
  readonly roles: Roles
  stop(): Promise<void>
}

interface StoresOptions {
  readonly project: string
  readonly dataDir: DataDir
  readonly kept: KeptBundles
  readonly config: Config
  /** Of the store of objects. */
  readonly objectsPort: number
  readonly report: Report
}

/** Starts what gateway and functions need: a migrated Postgres, Redis if installed, contracts and keys. */
export async function startStores(options: StoresOptions): Promise<Stores> {
  const { project, dataDir, kept, config, objectsPort, report } = options
  // The driver reads PG… variables, which are meant for another server.
  if (!config.DATABASE_URL) clearEnv('PG')
  const preparing = Promise.all([readKeptContracts({ project, ...dataDir }, kept), readRoles(project)])
  preparing.catch(() => {})
  const [postgres, redis] = await Promise.allSettled([
    config.DATABASE_URL ? undefined : keepPostgres(dataDir.postgres, report),
    config.REDIS_URL ? undefined : startRedis(inheritedEnv(['PATH']).PATH ?? ''),
  ])
  let objects: Awaited<ReturnType<typeof startObjects>> | undefined
  const stop = async () => {
    await Promise.all([fulfilledValue(redis)?.stop(), fulfilledValue(postgres)?.stop(), objects?.stop()])
  }
  try {
    if (postgres.status === 'rejected') throw postgres.reason
    const [contracts, roles] = await preparing
    await replacePointer(dataDir.pointer, contracts.bundle)
    const secrets = await ensureSecrets(dataDir.secrets, Object.keys(roles), makeToken)
    if (!config.EBB_OBJECTS_URL)
      objects = await startObjects({
        ...{ folder: dataDir.objects, port: objectsPort, secretAccessKey: secrets.objectsKey },
      })
    const databaseUrl = config.DATABASE_URL ?? postgres.value?.url ?? ''
    const databases = postgres.value && (await ensureDatabaseRoles(postgres.value.adminUrl, databaseUrl))
    await migrate(config.DATABASE_DIRECT_URL ?? databaseUrl, {
      platform: join(PLATFORM, 'src/data/migrations'),
      team: join(project, 'domain/migrations'),
      ...(databases ? { roles: ROLES } : rolesOf(config)),
      onWait: (message) => report({ event: 'log', part: 'postgres', message }),
      onLeak: (message) => report({ event: 'log', part: 'postgres', message }),
    })
    await ensureKeys(databaseUrl, secrets, roles)
    const redisUrl = config.REDIS_URL ?? fulfilledValue(redis)?.url
    const urlsOf = (part: DatabaseUser) => ({
      // In a database from DATABASE_URL we may not be allowed to create roles: all parts share its address.
      DATABASE_URL: databases?.[part] ?? databaseUrl,
      ...(config.DATABASE_READ_URL ? { DATABASE_READ_URL: config.DATABASE_READ_URL } : {}),
      ...(redisUrl ? { REDIS_URL: redisUrl } : {}),
      ...(part === 'gateway' ? {} : objectsEnv(config, objects)),
    })
    return {
      ...{ secrets, roles, stop, contracts },
      urls: { gateway: urlsOf('gateway'), relay: urlsOf('relay'), functions: urlsOf('functions') },
      notes: {
        Postgres: config.DATABASE_URL ? 'DATABASE_URL' : `bundled, data in ${dataDir.path}`,
        Redis: redisUrl
          ? config.REDIS_URL
            ? 'REDIS_URL'
            : 'from PATH, without persistence'
          : 'not installed; Ebb runs without',
        Objects: config.EBB_OBJECTS_URL ? 'EBB_OBJECTS_URL' : dataDir.objects,
        Mail: config.SMTP_URL ? 'SMTP_URL' : dataDir.mail,
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Where objects are, for those that use them or remove them. */
const objectsEnv = (
  config: Config,
  objects: { readonly url: string } | undefined,
): Readonly<Record<string, string>> => ({
  EBB_OBJECTS_URL: config.EBB_OBJECTS_URL ?? objects?.url ?? '',
  ...(config.EBB_OBJECTS_PUBLIC_URL ? { EBB_OBJECTS_PUBLIC_URL: config.EBB_OBJECTS_PUBLIC_URL } : {}),
})

const fulfilledValue = <Value>(settled: PromiseSettledResult<Value>) =>
  settled.status === 'fulfilled' ? settled.value : undefined

/** Starts Postgres and keeps it running on the same port. */
async function keepPostgres(folder: string, report: Report) {
  const log = (line: string) => report({ event: 'log', part: 'postgres', message: line })
  const start = async (options: { port?: number; signal?: AbortSignal } = {}) => {
    const running = await startPostgres(folder, { log, ...options })
    report({ event: 'start', part: 'postgres', pid: running.pid })
    return running
  }
  const first = await start()
  const { url, adminUrl } = first
  const port = Number(new URL(url).port)
  const { stop } = keepRunning('postgres', first, {
    start: (signal) => start({ port, signal }),
    stop: (running) => running.stop(),
    ...{ report, initialPauseMs: 0, maxPauseMs: 5_000 },
  })
  return { url, adminUrl, stop }
}

async function ensureKeys(connectionString: string, { pepper, keys, checksKey }: DevSecrets, roles: Roles) {
  const pool = new pg.Pool({ connectionString, max: 1 })
  try {
    for (const [role, scopes] of Object.entries(roles)) {
      await ensureKey(pool, pepper, keys[role] ?? '', { subject: role, scopes, roles: [role] })
    }
    const scopes = [...new Set(Object.values(roles).flat())]
    await ensureKey(pool, pepper, checksKey, { subject: 'checks', scopes })
  } finally {
    await pool.end()
  }
}

/** The generated secrets of the Ebb on this laptop. */
interface DevSecrets {
  readonly identity: IdentityKeys
  readonly pepper: string
  readonly adminKey: string
  /** What requests to the store of objects are signed with. */
  readonly objectsKey: string
  /** API keys by role. */
  readonly keys: Readonly<Record<string, string>>
  /** The API key that the checks of contracts are made with. */
  readonly checksKey: string
}

/** Reads the secrets, generated on first use; a new role gets a key from `newKey`. Only the owner may read the file. */
async function ensureSecrets(file: string, roles: readonly string[], newKey: () => string): Promise<DevSecrets> {
  const stored = await readFile(file, 'utf8').then(
    (text): Partial<DevSecrets> => JSON.parse(text),
    (error: NodeJS.ErrnoException): Partial<DevSecrets> => {
      if (error.code !== 'ENOENT') throw error
      return {}
    },
  )
  const secrets: DevSecrets = {
    // Keys from before gateway and relay had one each are replaced: functions, which verify them, start later than this.
    identity: stored.identity?.relay ? stored.identity : await generateIdentityKeys(),
    pepper: stored.pepper ?? randomBytes(32).toString('base64url'),
    adminKey: stored.adminKey ?? `ebb_admin_${randomBytes(24).toString('base64url')}`,
    objectsKey: stored.objectsKey ?? randomBytes(32).toString('base64url'),
    checksKey: stored.checksKey ?? newKey(),
    keys: Object.fromEntries(roles.map((role) => [role, stored.keys?.[role] ?? newKey()])),
  }
  await writeFile(`${file}.new`, JSON.stringify(secrets, undefined, 2), { mode: 0o600 })
  await rename(`${file}.new`, file)
  return secrets
}
