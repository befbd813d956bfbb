import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { migrate } from '../data/migrate/migrate.ts'
import { PLATFORM } from '../deploy/platform-files.ts'
import { ROLES } from '../deploy/render/platform.ts'
import { ensureDatabaseRoles } from '../dev/database-roles.ts'
import { type RunningPostgres, startPostgres } from '../dev/postgres/index.ts'
import { clearEnv } from '../kernel/index.ts'
import { announceTestServer } from './test-server.ts'

/** Jest runs setup and teardown in one process, and loads the modules of each anew. */
const run = globalThis as { ebbTestRun?: { readonly folder: string; readonly postgres: RunningPostgres } }

/**
 * Starts one Postgres for a whole run of jest, with a migrated database for each project, which test files clone. `projects` says
 * whose tables tests get, by the path of the folder that they are in; `''` is all other folders.
 */
export async function startTestServer(projects: Readonly<Record<string, string>>): Promise<void> {
  // The driver reads PG… variables, which are meant for another server.
  clearEnv('PG')
  const folder = await mkdtemp(join(tmpdir(), 'ebb-jest-'))
  const postgres = await startPostgres(folder, { settings: { fsync: 'off', synchronous_commit: 'off' } })
  run.ebbTestRun = { folder, postgres }
  // Jest calls no teardown where its setup has failed.
  await prepareDatabases(postgres.adminUrl, projects).catch(async (error: unknown) => {
    await stopTestServer()
    throw error
  })
}

/** Leaves nothing of the run behind. */
export async function stopTestServer(): Promise<void> {
  if (!run.ebbTestRun) return
  const { folder, postgres } = run.ebbTestRun
  await postgres.stop()
  await rm(folder, { recursive: true, force: true })
}

async function prepareDatabases(adminUrl: string, projects: Readonly<Record<string, string>>): Promise<void> {
  const names = new Map([...new Set(Object.values(projects))].map((project, i) => [project, `ebb_template_${i}`]))
  const urlOf = (name: string) => Object.assign(new URL(adminUrl), { pathname: `/${name}` }).href
  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  for (const name of names.values()) await admin.query(`create database ${name}`)
  await admin.end()
  const logins = await ensureDatabaseRoles(adminUrl, adminUrl)
  for (const [project, name] of names) {
    const team = join(project, 'domain/migrations')
    await migrate(urlOf(name), { platform: join(PLATFORM, 'src/data/migrations'), team, roles: ROLES })
  }
  const templates = Object.entries(projects).map(([tests, project]) => [tests, names.get(project) ?? ''] as const)
  announceTestServer({ urls: { ...logins, owner: adminUrl }, templates: Object.fromEntries(templates), projects })
}
