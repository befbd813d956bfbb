import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { migrate } from '../../src/data/migrate/migrate.ts'
import { ROLES } from '../../src/deploy/render/platform.ts'
import { ensureDatabaseRoles } from '../../src/dev/database-roles.ts'
import { startPostgres } from '../../src/dev/postgres/index.ts'
import { pgbouncer, startPgBouncer } from '../support/start-pgbouncer.ts'
import { findLeaks } from './find-leaks.ts'

const { values } = parseArgs({
  options: { requests: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' } },
})
const [requests, seed] = [Number(values.requests), Number(values.seed)]

/** An empty database with the platform's tables, on a Postgres of its own. */
async function prepare(folder: string, name: string, adminUrl: string) {
  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  await admin.query(`create database ${name}`).finally(() => admin.end())
  const ownerUrl = Object.assign(new URL(adminUrl), { pathname: `/${name}` }).href
  const { functions: url } = await ensureDatabaseRoles(adminUrl, ownerUrl)
  await migrate(ownerUrl, { platform: 'src/data/migrations', team: join(folder, 'none'), roles: ROLES })
  return { url, ownerUrl }
}

const folder = await mkdtemp(join(tmpdir(), 'ebb-tenants-'))
const postgres = await startPostgres(folder, { settings: { fsync: 'off', synchronous_commit: 'off' } })
try {
  const onProgress = (sent: number) => {
    if (sent % 5_000 === 0) console.log(`${sent} requests, 0 leaks`)
  }
  const direct = await prepare(folder, 'direct', postgres.adminUrl)
  console.log('directly:', await findLeaks({ ...direct, connections: 2, requests: requests / 2, seed, onProgress }))
  if (!pgbouncer) throw new Error('there is no pgbouncer on PATH')
  const pooled = await prepare(folder, 'pooled', postgres.adminUrl)
  const pooler = await startPgBouncer(pooled.url, { poolSize: 2 })
  const found = await findLeaks({
    ...{ ...pooled, url: pooler.url, connections: 8, requests: requests / 2, seed: seed + 1, onProgress },
  }).finally(pooler.stop)
  console.log('through PgBouncer:', found)
} finally {
  await postgres.stop()
  await rm(folder, { recursive: true, force: true })
}
