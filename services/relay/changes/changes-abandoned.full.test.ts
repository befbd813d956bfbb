import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { change, subscriber } from 'ebb/contract'
import pg from 'pg'
import * as z from 'zod'
import { describeSubscriber } from '../../../src/contract/index.ts'
import { migrate } from '../../../src/data/migrate/migrate.ts'
import { ROLES } from '../../../src/deploy/render/platform.ts'
import { ensureDatabaseRoles } from '../../../src/dev/database-roles.ts'
import { type RunningPostgres, startPostgres } from '../../../src/dev/postgres/index.ts'
import { startSubscriber, startTestRelay, until } from '../test-support.ts'

const MB = 1024 * 1024
const KEPT_MB = 64

let folder: string
let postgres: RunningPostgres
let owner: pg.Client
let relayUrl: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-abandoned-'))
  postgres = await startPostgres(folder, {
    settings: { fsync: 'off', max_slot_wal_keep_size: `${KEPT_MB}MB`, min_wal_size: '32MB', max_wal_size: '64MB' },
  })
  const logins = await ensureDatabaseRoles(postgres.adminUrl, postgres.url)
  relayUrl = logins.relay
  // Not a superuser, as on a cluster.
  await migrate(postgres.url, { platform: 'src/data/migrations', team: 'test/project/domain/migrations', roles: ROLES })
  owner = new pg.Client({ connectionString: postgres.url })
  owner.on('error', () => {})
  await owner.connect()
})
afterAll(async () => {
  await postgres.stop()
  await rm(folder, { recursive: true, force: true })
})

const subscriptions = [
  describeSubscriber(
    subscriber({
      name: 'follow-parcels',
      summary: 'A test.',
      on: change('parcels', { row: z.object({ id: z.int() }), operations: ['insert'] }),
    }),
  ),
]

it('a slot that nobody reads keeps no more of the log than is set; its loss is said once, and what comes then is read', async () => {
  await owner.query('create table public.parcels (id int primary key); create table public.other (filler text)')
  const { received, template } = await startSubscriber()
  const start = async () => {
    const relay = await startTestRelay(relayUrl, template, { subscriptions, env: { DATABASE_URL: relayUrl } })
    await until('it reads', () => relay.log.count('reading changes of tables') > 0)
    return relay
  }
  const first = await start()
  await owner.query('insert into public.parcels values (1)')
  await until('one has come', () => received.length === 1)
  await first.stop()

  await owner.query('insert into public.parcels values (2)')
  const kept = async () => {
    const { rows } = await owner.query<{ bytes: number; status: string }>(
      `select (pg_current_wal_lsn() - restart_lsn)::float8 as bytes, wal_status as status from pg_replication_slots`,
    )
    return rows[0]
  }
  const admin = new pg.Client({ connectionString: postgres.adminUrl })
  await admin.connect()
  const sizes: number[] = []
  for (let round = 0; round < 8; round++) {
    await owner.query(`insert into public.other select repeat(md5(i::text), 30) from generate_series(1, 40000) as i`)
    await admin.query('checkpoint')
    const { rows } = await admin.query<{ bytes: number }>('select sum(size)::float8 as bytes from pg_ls_waldir()')
    sizes.push(rows[0]?.bytes ?? 0)
  }
  await admin.end()
  const { rows } = await owner.query<{ mb: number }>(`select (pg_current_wal_lsn() - '0/0') / ${MB} as mb`)
  process.stderr.write(
    `${Math.round(rows[0]?.mb ?? 0)} MB were written, and of the log there were ${sizes.map((size) => Math.round(size / MB)).join(', ')} MB\n`,
  )
  expect(await kept()).toMatchObject({ status: 'lost' })
  // What is kept for the slot, what the server keeps anyway, and the file that is written now.
  expect(Math.max(...sizes)).toBeLessThanOrEqual((KEPT_MB + 64 + 3 * 16) * MB)

  const second = await start()
  await owner.query('insert into public.parcels values (3)')
  await until('another one has come', () => received.length === 2)
  expect(received.map(({ body }) => JSON.parse(body).after.id)).toEqual([1, 3])
  expect(second.log.lines().filter(({ msg }) => msg.startsWith('changes of tables were lost'))).toHaveLength(1)
  const metrics = await (await fetch(`${second.admin}/metrics`)).text()
  expect(metrics).toContain('ebb_replication_slot_lost_total 1')
  expect(metrics).toMatch(/ebb_replication_slot_retained_bytes \d+/)
  await second.stop()
  const third = await start()
  expect(third.log.lines().filter(({ msg }) => msg.startsWith('changes of tables were lost'))).toHaveLength(0)
})

it('what the database lacks is one sentence, and the relay goes on with everything else', async () => {
  const { template } = await startSubscriber()
  const asSuperuser = async (statement: string) => {
    const admin = new pg.Client({ connectionString: postgres.adminUrl })
    await admin.connect()
    await admin.query(statement).finally(() => admin.end())
  }
  await asSuperuser(`alter role ${ROLES.relay} noreplication`)
  const { log } = await startTestRelay(relayUrl, template, { subscriptions, env: { DATABASE_URL: relayUrl } })
  const said = () => log.lines().filter(({ msg }) => msg.startsWith('changes of tables are not read'))
  await until('it says so', () => said().length > 0)
  await asSuperuser(`alter role ${ROLES.relay} replication`)
  await until('it reads', () => log.count('reading changes of tables') > 0)
  expect(said().map(({ msg }) => msg)).toEqual([
    'changes of tables are not read: the login of the relay has no right to read the log: run `alter role … replication` as a superuser (on RDS `grant rds_replication to …`)',
  ])
})

it('a database whose log says too little is named, with what to set', async () => {
  await postgres.stop()
  const other = await mkdtemp(join(tmpdir(), 'ebb-replica-level-'))
  const little = await startPostgres(other, { settings: { wal_level: 'replica' } })
  try {
    const { relay } = await ensureDatabaseRoles(little.adminUrl, little.url)
    await migrate(little.url, { platform: 'src/data/migrations', team: 'test/project/domain/migrations', roles: ROLES })
    const client = new pg.Client({ connectionString: little.url })
    await client.connect()
    await client.query('create table public.parcels (id int primary key)').finally(() => client.end())
    const { template } = await startSubscriber()
    const { log, stop } = await startTestRelay(relay, template, { subscriptions, env: { DATABASE_URL: relay } })
    const said = () => log.lines().find(({ msg }) => msg.startsWith('changes of tables are not read'))
    await until('it says so', () => said() !== undefined)
    expect(said()?.msg).toContain('set wal_level=logical and start it anew')
    await stop()
  } finally {
    await little.stop()
    await rm(other, { recursive: true, force: true })
  }
})
