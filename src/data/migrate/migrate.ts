import pg from 'pg'
import { ConfigError } from '../../kernel/index.ts'
import { CONNECTION_OPTIONS, endConnection } from '../postgres/connection.ts'
import { buildIndexes } from './build-indexes.ts'
import { changeSchema } from './change-schema.ts'
import { type AppliedMigration, findPending, type Migration, readMigrations } from './history.ts'
import { readIndexSteps } from './index-steps.ts'
import { grantRoles, type Roles } from './privileges.ts'
import { findTenantLeaks, requireOwnIsolation, requireTenantIsolation } from './tenant-isolation.ts'

/** Which migrations are applied, and which database roles get privileges afterwards. */
export interface MigrateOptions {
  /** The folder of the platform's migrations. */
  readonly platform: string
  /** The folder of the team's own; they run after the platform's. */
  readonly team: string
  /** The role that each part logs in as; it gets the privileges that its part needs, and no others. */
  readonly roles?: Roles
  /** A role that may read and write every row, and change no table: the one of all parts, before each had its own. */
  readonly grantTo?: string | undefined
  /** Called each time that a lock could not be acquired. */
  readonly onWait?: (message: string) => void
  /** Called with each thing that could show one tenant's rows to another. */
  readonly onLeak?: (message: string) => void
  /** How long to wait for locks in all. Default: 5 min. */
  readonly waitLimitMs?: number
}

const WAIT_LIMIT_MS = 300_000

/** Connects as the role that migrates. Throws a ConfigError if that fails, with the driver's error as its cause. */
export async function connectToMigrate(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ ...CONNECTION_OPTIONS, connectionString, application_name: 'ebb migrate' })
  // A query that runs when the connection breaks rejects anyway.
  client.on('error', () => {})
  await client.connect().catch((cause: Error) => {
    throw new ConfigError(`the database of DATABASE_URL cannot be reached: ${cause.message}`, { cause })
  })
  return client
}

/**
 * Brings the database up to date, the platform's history first (schema `ebb`), then the team's (`public`). Returns the
 * names of the files that ran. Safe to run from several processes at once. Files are `NNNN.do.<what>.sql`, append-only.
 */
export async function migrate(connectionString: string, options: MigrateOptions): Promise<readonly string[]> {
  const connect = () => connectToMigrate(connectionString)
  const client = await connect()
  try {
    return await migrateWith(client, { connect, ...options })
  } finally {
    await endConnection(client)
  }
}

/** The same, on an open connection; `connect` opens one more, for what cannot be in a transaction. */
export async function migrateWith(
  client: pg.Client,
  {
    connect,
    platform,
    team,
    roles = {},
    grantTo,
    onWait = () => {},
    onLeak = () => {},
    waitLimitMs = WAIT_LIMIT_MS,
  }: MigrateOptions & { readonly connect: () => Promise<pg.Client> },
): Promise<readonly string[]> {
  const change = <Result>(what: string, work: () => Promise<Result>) =>
    changeSchema(client, what, work, { onWait, waitLimitMs })
  const histories = [
    { folder: platform, table: 'ebb.schema_version', files: await readMigrations(platform) },
    { folder: team, table: 'public.schema_version', files: await readMigrations(team) },
  ]
  if (histories[0]?.files.length === 0) throw new Error(`there are no migrations in ${platform}`)
  const pending = await change('the migration', async () => {
    await client.query('create schema if not exists ebb')
    const found: { readonly table: string; readonly file: Migration }[] = []
    for (const { folder, table, files } of histories) {
      found.push(...findPending(folder, files, await readHistory(client, table)).map((file) => ({ table, file })))
    }
    return found
  })
  const ran: string[] = []
  for (const { table, file } of pending) {
    const steps = readIndexSteps(file.file, file.sql)
    const hasRun = steps
      ? await buildIndexes(client, { connect, table, file, steps, onWait, waitLimitMs })
      : await change(file.file, () => runOnce(client, table, file))
    if (hasRun) ran.push(file.file)
  }
  await change('the grants', async () => {
    await grantRoles(client, roles)
    if (grantTo) await grantAllRows(client, grantTo)
    const functionRoles = [roles.functions, grantTo].filter((role) => role !== undefined)
    if (functionRoles.length > 0) await requireTenantIsolation(client, functionRoles)
    else for (const leak of await requireOwnIsolation(client)) onLeak(leak)
  })
  for (const leak of await findTenantLeaks(client)) onLeak(leak)
  return ran
}

async function readHistory(client: pg.Client, table: string): Promise<readonly AppliedMigration[]> {
  await client.query(
    `create table if not exists ${table} (version bigint primary key, name text, md5 text, run_at timestamptz)`,
  )
  const { rows } = await client.query<AppliedMigration>(
    `select version::int as number, name, md5 from ${table} where version > 0 and run_at is not null order by version`,
  )
  return rows
}

/** Script and history commit together: a kill leaves the database as it was. False if another process was faster. */
async function runOnce(client: pg.Client, table: string, { file, number, name, sql, checksums }: Migration) {
  const { rowCount } = await client.query(
    `insert into ${table} (version, name, md5, run_at) values ($1, $2, $3, now()) on conflict do nothing`,
    [number, name, checksums[0]],
  )
  if (rowCount === 0) return false
  await client.query(sql).catch((cause: unknown) => {
    throw toConfigError(file, sql, cause)
  })
  return true
}

function toConfigError(file: string, sql: string, cause: unknown): ConfigError {
  const { message = String(cause), position } = Object(cause) as { message?: string; position?: string }
  const line = position === undefined ? '' : `, line ${sql.slice(0, Number(position)).split('\n').length}`
  return new ConfigError(`${file}${line}: ${message}`, { cause })
}

/** Runs each time, for all tables: those that this run has created are among them. */
async function grantAllRows(client: pg.Client, role: string) {
  const to = client.escapeIdentifier(role)
  await client.query(`
    grant usage on schema ebb, public to ${to};
    grant select, insert, update, delete on all tables in schema ebb, public to ${to};
    grant usage on all sequences in schema ebb, public to ${to};
    revoke insert, update, delete on ebb.schema_version, public.schema_version from ${to};
    do $$ begin
      if to_regclass('ebb.tenant_key') is null then return; end if;
      revoke all on ebb.tenant_key from ${to};
      grant execute on function ebb.enter_tenant, ebb.current_tenant, ebb.require_tenant to ${to};
    end $$`)
}
