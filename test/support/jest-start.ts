import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { migrate } from '../../src/data/migrate/migrate.ts'
import { ROLES } from '../../src/deploy/render/platform.ts'
import { ensureDatabaseRoles } from '../../src/dev/database-roles.ts'
import { startPostgres } from '../../src/dev/postgres/index.ts'
import { clearEnv } from '../../src/kernel/index.ts'

/** Starts one Postgres for the whole run, with a migrated database that each test file clones. */
export default async function start() {
  clearEnv('PG')
  const folder = await mkdtemp(join(tmpdir(), 'ebb-jest-'))
  const postgres = await startPostgres(folder, { settings: { fsync: 'off', synchronous_commit: 'off' } })
  const admin = new pg.Client({ connectionString: postgres.adminUrl })
  await admin.connect()
  await admin.query('create database ebb_template')
  await admin.end()
  const template = new URL(postgres.adminUrl)
  template.pathname = '/ebb_template'
  const urls = await ensureDatabaseRoles(postgres.adminUrl, template.href)
  await migrate(template.href, { platform: 'src/data/migrations', team: 'domain/migrations', roles: ROLES })
  process.env.EBB_TEST_URLS = JSON.stringify(urls)
  process.env.EBB_TEST_ADMIN_URL = postgres.adminUrl
  Object.assign(globalThis, { ebbTestRun: { folder, postgres } })
}
