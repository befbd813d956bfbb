import { join } from 'node:path'
import pg from 'pg'
import Postgrator from 'postgrator'
import { ConfigFault } from '../kernel/index.ts'
import { CONNECTION, endConnection } from './connection.ts'

const PLATFORM = 'ebb'
/** Any number will do that nothing else in this database locks. */
const LOCK = 0x0ebb_0001

export interface MigrateOptions {
  /** The folder of the platform's migrations. */
  readonly platform: string
  /** The folder of the team's own; they run after the platform's. */
  readonly team: string
  /** A role that may then read and write every row, and change no table: who serves requests. */
  readonly grantTo?: string | undefined
}

/**
 * Brings the database up to date, the platform's history first (schema `ebb`), then the team's (`public`). Answers the
 * file names that ran. Safe to run from several processes at once. Files are `NNNN.do.<what>.sql`, append-only.
 */
export async function migrate(
  connectionString: string,
  { platform, team, grantTo }: MigrateOptions,
): Promise<readonly string[]> {
  const client = new pg.Client({ ...CONNECTION, connectionString, application_name: 'ebb migrate' })
  await client.connect().catch((cause: Error) => {
    throw new ConfigFault(`the database of DATABASE_URL cannot be reached: ${cause.message}`, { cause })
  })
  try {
    await client.query('select pg_advisory_lock($1)', [LOCK])
    await client.query(`create schema if not exists ${PLATFORM}`)
    const ran = await run(client, { folder: platform, history: `${PLATFORM}.schema_version` })
    const ofTeam = await run(client, { folder: team, history: 'public.schema_version' })
    if (grantTo) await grant(client, grantTo)
    return [...ran, ...ofTeam]
  } finally {
    await endConnection(client)
  }
}

/** Scripts and their history commit together: a kill in the middle leaves the database as it was. */
async function run(client: pg.Client, { folder, history }: { folder: string; history: string }) {
  const postgrator = new Postgrator({
    driver: 'pg',
    migrationPattern: join(folder, '*.sql'),
    schemaTable: history,
    execQuery: (query) => client.query(query),
  })
  await client.query('begin')
  const applied = await postgrator.migrate()
  await client.query('commit')
  return applied.map(({ filename }) => filename)
}

/** Each time for all that is there: tables that this run has made belong to it. */
async function grant(client: pg.Client, role: string) {
  const to = client.escapeIdentifier(role)
  await client.query(`
    grant usage on schema ${PLATFORM}, public to ${to};
    grant select, insert, update, delete on all tables in schema ${PLATFORM}, public to ${to};
    grant usage on all sequences in schema ${PLATFORM}, public to ${to};
    revoke insert, update, delete on ${PLATFORM}.schema_version, public.schema_version from ${to}`)
}
