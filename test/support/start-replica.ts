import { execFile } from 'node:child_process'
import { appendFile, chown, mkdir, mkdtemp, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { migrate } from '../../src/data/migrate/migrate.ts'
import type { DatabaseUser } from '../../src/data/migrate/privileges.ts'
import { PLATFORM } from '../../src/deploy/platform-files.ts'
import { ROLES } from '../../src/deploy/render/platform.ts'
import { ensureDatabaseRoles } from '../../src/dev/database-roles.ts'
import { type RunningPostgres, startPostgres } from '../../src/dev/postgres/index.ts'
import { untilTrue } from './until.ts'

const execute = promisify(execFile)

/** Replication must be allowed by itself, and survive a restart of the replica. */
const PRIMARY_SETTINGS = { fsync: 'off', wal_keep_size: '256MB' }
const HBA = 'host replication all 127.0.0.1/32 scram-sha-256\n'

interface StartReplicaOptions {
  /** How long the replica keeps each commit back: without it, one on the same machine is hardly ever behind. */
  readonly delayMs: number
  /** The team's migrations. Default: none. */
  readonly team?: string
}

/**
 * A migrated Postgres and a streaming replica of it. The embedded Postgres has no pg_basebackup: the replica begins as a copy of
 * the stopped primary's files.
 */
export async function startReplica({ delayMs, team }: StartReplicaOptions) {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-replica-'))
  const [primaryFolder, replicaFolder] = [join(folder, 'primary'), join(folder, 'replica')]
  await (await startPostgres(primaryFolder)).stop()
  const home = await realpath(join(primaryFolder, 'cluster'))
  await appendFile(join(home, 'data/pg_hba.conf'), HBA)
  const copy = await copyCluster(home, replicaFolder)
  const primary = await startPostgres(primaryFolder, { settings: PRIMARY_SETTINGS })
  await makeStandby(join(copy, 'data'), primary.adminUrl)
  const start = (port?: number) =>
    startPostgres(replicaFolder, {
      settings: { fsync: 'off', recovery_min_apply_delay: `${delayMs}ms` },
      ...(port === undefined ? {} : { port }),
    })
  let replica: RunningPostgres = await start()
  const port = Number(new URL(replica.url).port)
  const urls = await ensureDatabaseRoles(primary.adminUrl, primary.url)
  await migrate(primary.url, {
    ...{ platform: join(PLATFORM, 'src/data/migrations'), team: team ?? join(folder, 'none'), roles: ROLES },
  })
  const onReplica = (url: string) => Object.assign(new URL(url), { port: String(port) }).href
  const client = new pg.Client({ connectionString: primary.url })
  await client.connect()
  await client.query("select pg_logical_emit_message(true, 'test', '')")
  await client.end()

  return {
    primary,
    /** Of a part, at the primary and at the replica. */
    urlOf: (part: DatabaseUser) => ({ primary: urls[part], replica: onReplica(urls[part]) }),
    /** The address of the replica for its superuser. */
    replicaAdminUrl: onReplica(replica.adminUrl),
    kill: async () => {
      process.kill(replica.pid, 'SIGKILL')
      await replica.exited
    },
    restart: async () => {
      replica = await start(port)
    },
    /** Resolves when the replica has all that the primary has now. */
    untilSynced: () => untilSynced(primary.adminUrl, onReplica(primary.adminUrl)),
    stop: async () => {
      await replica.stop()
      await primary.stop()
      await rm(folder, { recursive: true, force: true })
      if (!home.startsWith(folder)) await Promise.all([home, copy].map((each) => rm(each, { recursive: true })))
    },
  }
}

/** Copies a cluster to where startPostgres looks for it; one of the user nobody stays beside the other, behind a link. */
async function copyCluster(home: string, folder: string): Promise<string> {
  await mkdir(folder, { mode: 0o700 })
  const linked = home.startsWith('/var/lib/')
  const copy = linked ? `${home}-replica` : join(folder, 'cluster')
  await execute('cp', ['-a', home, copy])
  if (linked) await symlink(copy, join(folder, 'cluster'))
  return copy
}

async function makeStandby(data: string, primaryUrl: string): Promise<void> {
  const { hostname, port, username, password } = new URL(primaryUrl)
  const conninfo = `host=${hostname} port=${port} user=${username} password=${password}`
  await appendFile(join(data, 'postgresql.auto.conf'), `primary_conninfo = '${conninfo}'\n`)
  const signal = join(data, 'standby.signal')
  await writeFile(signal, '')
  const { uid, gid } = await stat(data)
  await chown(signal, uid, gid)
}

async function untilSynced(primaryUrl: string, replicaUrl: string): Promise<void> {
  const [primary, replica] = [primaryUrl, replicaUrl].map((connectionString) => new pg.Client({ connectionString }))
  if (!primary || !replica) throw new Error('there are two')
  await Promise.all([primary.connect(), replica.connect()])
  try {
    const { rows } = await primary.query('select pg_current_wal_flush_lsn() as lsn')
    await untilTrue(
      async () =>
        (await replica.query('select pg_last_wal_replay_lsn() >= $1 as done', [rows[0].lsn])).rows[0].done === true,
      { what: 'the replica has what the primary has' },
    )
  } finally {
    await Promise.all([primary.end(), replica.end()])
  }
}
