import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import pg from 'pg'
import { startReplica } from '../../../test/support/start-replica.ts'
import { untilTrue } from '../../../test/support/until.ts'
import { collectLog, configOf } from '../test-support.ts'
import type { OpenedPostgres } from './handler-statements.ts'
import { postgres } from './postgres.ts'
import type { Sql } from './sql.ts'

/** Longer than a read waits: a read that did not wait, and did not go to the primary, would be stale. */
const DELAY_MS = 150
const TABLES = `
  create table counters (name text primary key, n int not null);
  create table notes (id int primary key, text text not null);
  select ebb.make_tenant_table('notes');
  grant select, insert, update on counters, notes to public;`

/** On a busy machine, a replica that is late may seem to be gone first. */
const LEFT =
  /^(the read replica (does not respond|is more than 1000 ms behind)|DATABASE_READ_URL leads to a server that is no replica); reads go to the database itself$/

let pair: Awaited<ReturnType<typeof startReplica>>
let admin: pg.Pool
beforeAll(async () => {
  pair = await startReplica({ delayMs: DELAY_MS })
  admin = new pg.Pool({ connectionString: Object.assign(new URL(pair.primary.adminUrl), { pathname: '/ebb' }).href })
  await admin.query(TABLES)
  await pair.untilSynced()
})
afterAll(async () => {
  await admin?.end()
  await pair?.stop()
})

const closers: (() => Promise<unknown> | undefined)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** A function's database, as `serve` opens it. */
function openFunction(env: Readonly<Record<string, string>> = {}) {
  const { primary, replica } = pair.urlOf('functions')
  const { log, messages } = collectLog()
  const config = configOf({ DATABASE_URL: primary, DATABASE_READ_URL: replica, ...env })
  const opened: OpenedPostgres = postgres.open(config, log)
  closers.push(() => postgres.close?.(opened))
  const { signal } = new AbortController()
  const options = { signal, timeoutMs: 10_000, repeatable: false }

  async function write(work: (sql: Sql) => Promise<unknown>, tenant?: string): Promise<string> {
    let position: string | undefined
    const onCommit = (committed: string) => {
      position = committed
    }
    await postgres.transaction.run(opened, { ...options, readOnly: false, tenant, onCommit }, work)
    if (position === undefined) throw new Error('a write has a position')
    return position
  }
  const read = <Result>(work: (sql: Sql) => Promise<Result>, { position, tenant }: ReadOptions = {}) =>
    postgres.transaction.run(
      opened,
      { ...options, readOnly: true, tenant, replica: { position: position ?? '0/0' } },
      work,
    )
  /** Resolves when a read that needs nothing is answered by the replica. */
  const untilOnReplica = () =>
    untilTrue(async () => (await read(whereAmI)) === 'replica', { what: 'a read of the replica' })
  return { opened, messages, write, read, untilOnReplica, options }
}

interface ReadOptions {
  readonly position?: string
  readonly tenant?: string
}

const whereAmI = async (sql: Sql) => {
  const row = await sql.one<{ recovering: boolean }>`select pg_is_in_recovery() as recovering`
  return row?.recovering ? 'replica' : 'primary'
}
const increment = (name: string) => (sql: Sql) =>
  sql`insert into counters values (${name}, 1) on conflict (name) do update set n = counters.n + 1`
const nOf = (name: string) => async (sql: Sql) =>
  (await sql.one<{ n: number }>`select n from counters where name = ${name}`)?.n

it('answers reads by the replica, writes and what must see everything by the primary', async () => {
  const { read, write, untilOnReplica, opened, options } = openFunction()
  await untilOnReplica()
  expect(await read(whereAmI, { position: 'latest' })).toBe('primary')
  expect(await postgres.transaction.run(opened, { ...options, readOnly: true }, whereAmI)).toBe('primary')
  expect(await write(whereAmI)).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/)
})

it('shows each caller its own writes, and no statement twice', async () => {
  const { read, write, untilOnReplica } = openFunction()
  await untilOnReplica()
  const check = async (name: string) => {
    for (let n = 1; n <= 20; n++) {
      const position = await write(increment(name))
      // By turns: one statement, and a snapshot.
      const found = await read(n % 2 ? nOf(name) : (sql) => sql.snapshot(nOf(name)), { position })
      if (found !== n) return `${name} read ${found} after ${n}`
    }
    return 'not stale'
  }
  const names = Array.from({ length: 20 }, (_, i) => `own-${i}`)
  expect(new Set(await Promise.all(names.map(check)))).toEqual(new Set(['not stale']))
})

it('is read as soon as it has what a caller wrote', async () => {
  const { read, write, untilOnReplica } = openFunction()
  await untilOnReplica()
  const position = await write(increment('later'))
  await untilTrue(async () => (await read(whereAmI, { position })) === 'replica', { what: 'the replica has it' })
  expect(await read(nOf('later'), { position })).toBe(1)
})

it('keeps tenants apart on the replica, in statements and in snapshots', async () => {
  const { read, write, untilOnReplica } = openFunction()
  await untilOnReplica()
  await write((sql) => sql`insert into notes values (1, ' has this')`, 'acme')
  await write((sql) => sql`insert into notes values (2, ' has this')`, 'globex')
  await pair.untilSynced()
  const select = (sql: Sql) =>
    sql.one<{ onReplica: boolean; texts: string[] }>`
      select pg_is_in_recovery() as on_replica, array(select tenant || text from notes order by id) as texts`
  const textsOnReplica = async (reads: (sql: Sql) => ReturnType<typeof select>, tenant?: string) => {
    let found: Awaited<ReturnType<typeof select>>
    const isOnReplica = async () => {
      found = await read(reads, tenant === undefined ? {} : { tenant })
      return found?.onReplica === true
    }
    await untilTrue(isOnReplica)
    return found?.texts
  }
  for (const tenant of ['acme', 'globex']) {
    expect(await textsOnReplica(select, tenant)).toEqual([`${tenant} has this`])
    expect(await textsOnReplica((sql) => sql.snapshot(select), tenant)).toEqual([`${tenant} has this`])
  }
  expect(await textsOnReplica(select)).toEqual([])
  const enter = (sql: Sql) =>
    sql.snapshot((inner) => inner`do $$ begin execute 'select ebb.enter_' || 'tenant(''globex'')'; end $$`)
  await expect(read(enter, { tenant: 'acme' })).rejects.toThrow('a statement cannot choose the tenant of its request')
})

it('refuses writes with the sentence of the primary, and a second connection within a snapshot', async () => {
  const { read, untilOnReplica } = openFunction()
  await untilOnReplica()
  await expect(read(increment('never'))).rejects.toThrow('a request that only reads (GET, HEAD')
  await expect(read((sql) => sql.snapshot(() => whereAmI(sql)))).rejects.toThrow('use the sql that it gives')
  expect(await read(async (sql) => sql`select no_such_column from counters`).catch((error) => error.code)).toBe('42703')
})

it('goes to the primary for what the replica cancels, such as a read of rows that are gone', async () => {
  const { read, untilOnReplica } = openFunction()
  await untilOnReplica()
  // Only the replica ends by this.
  const cancelled = (sql: Sql) => sql.one<{ on: string }>`
    select case when pg_is_in_recovery() then pg_terminate_backend(pg_backend_pid())::text else 'primary' end as on`
  expect(await read(cancelled)).toEqual({ on: 'primary' })
})

it('is not read while it is further behind than allowed, which is said once', async () => {
  const { read, untilOnReplica, messages } = openFunction({ DATABASE_READ_MAX_LAG_MS: '1000' })
  await untilOnReplica()
  const before = messages().length
  const replica = new pg.Client({ connectionString: pair.replicaAdminUrl })
  await replica.connect()
  closers.push(() => replica.end())
  await replica.query('select pg_wal_replay_pause()')
  try {
    await untilTrue(async () => {
      await admin.query("insert into counters values ('lag', 0) on conflict (name) do update set n = counters.n + 1")
      await read(whereAmI)
      return messages().length > before
    })
    for (let i = 0; i < 20; i++) expect(await read(whereAmI)).toBe('primary')
    expect(messages().slice(before)).toEqual([expect.stringMatching(LEFT)])
  } finally {
    await replica.query('select pg_wal_replay_resume()')
  }
  await untilOnReplica()
})

it('is not read where DATABASE_READ_URL leads to a server that is no replica', async () => {
  const { read, messages } = openFunction({ DATABASE_READ_URL: pair.urlOf('functions').primary })
  await untilTrue(async () => {
    expect(await read(whereAmI)).toBe('primary')
    return messages().length > 0
  })
  for (let i = 0; i < 20; i++) expect(await read(whereAmI)).toBe('primary')
  expect(messages()).toEqual([expect.stringMatching(LEFT)])
})

describe('a replica that is killed', () => {
  it('leaves its reads to the primary, which is said once, and gets them back when it is there', async () => {
    const { read, write, untilOnReplica, messages } = openFunction()
    await untilOnReplica()
    const before = messages().length
    await pair.kill()
    const during = await Promise.all(Array.from({ length: 20 }, () => read(whereAmI)))
    expect(new Set(during)).toEqual(new Set(['primary']))
    const position = await write(increment('killed'))
    expect(await read(nOf('killed'), { position })).toBe(1)
    const said = messages().slice(before)
    expect(said.filter((message) => message !== 'an idle database connection broke')).toEqual([
      expect.stringMatching(LEFT),
    ])
    await pair.restart()
    await untilOnReplica()
    expect(await read(nOf('killed'), { position })).toBe(1)
    expect(messages().at(-1)).toBe('reads go to the read replica again')
  })
})
