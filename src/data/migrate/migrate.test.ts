import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { ConfigError } from 'ebb/kernel'
import pg from 'pg'
import { pgbouncer, testPgBouncer } from '../../../test/support/pgbouncer.ts'
import { type MigrateOptions, migrate } from './migrate.ts'
import { testHistory } from './test-support.ts'

const history = testHistory()
const { query, folder, tables } = history
const PLATFORM = { '0001.do.base.sql': 'create table ebb.base (id int)' }
const A = { '0001.do.a.sql': 'create table a (id int);\n' }
const B = { '0002.do.b.sql': 'create table b (id int);\n' }
const C = { '0003.do.c.sql': 'create table c (id int);\n' }

type Files = Readonly<Record<string, string>>
const run = async (files: Files, options: Partial<MigrateOptions> = {}, url = history.url) =>
  migrate(url, { platform: await folder(PLATFORM), team: await folder(files), ...options })

describe('a migration that has run', () => {
  it('does not run again, and a new one does', async () => {
    expect(await run({ ...A, ...B })).toEqual(['0001.do.base.sql', '0001.do.a.sql', '0002.do.b.sql'])
    expect(await run({ ...A, ...B })).toEqual([])
    expect(await run({ ...A, ...B, ...C })).toEqual(['0003.do.c.sql'])
    expect(await tables()).toEqual(['a', 'b', 'c'])
  })

  it('does not keep one with a lower number that is merged later from running', async () => {
    await run({ ...A, ...C })
    expect(await run({ ...A, ...B, ...C })).toEqual(['0002.do.b.sql'])
    expect(await run({ ...A, ...B, ...C })).toEqual([])
  })

  it('is recognised whatever the line endings of the checkout', async () => {
    const withCrlf = Object.fromEntries(Object.entries(A).map(([name, sql]) => [name, sql.replaceAll('\n', '\r\n')]))
    await run(A)
    expect(await run(withCrlf)).toEqual([])
    // As a checkout with CRLF has stored it.
    await query(`update public.schema_version set md5 = md5(E'create table a (id int);\\r\\n')`)
    expect(await run(A)).toEqual([])
    expect(await run(withCrlf)).toEqual([])
  })

  it('is taken over from the previous migrator, including its version 0', async () => {
    await query(`
      create schema ebb; create table ebb.base (id int); create table a (id int);
      create table ebb.schema_version (version bigint primary key, name text, md5 text, run_at timestamptz);
      create table public.schema_version (like ebb.schema_version including all);
      insert into ebb.schema_version values (0, null, null, null), (1, 'base', md5('create table ebb.base (id int)'), now());
      insert into public.schema_version values (0, null, null, null), (1, 'a', md5(E'create table a (id int);\\n'), now())`)
    expect(await run({ ...A, ...B })).toEqual(['0002.do.b.sql'])
  })

  it('may be unknown to an older version', async () => {
    await run({ ...A, ...B })
    expect(await run(A)).toEqual([])
  })
})

describe('refuses, with the name of the file and before anything runs,', () => {
  it.each<[string, Files, Files, string]>([
    ['a changed file', A, { '0001.do.a.sql': 'create table z (id int)' }, '0001.do.a.sql was changed after'],
    ['another file in its place', { ...A, ...B }, { '0001.do.mine.sql': 'select 1' }, 'has run 0001.do.a.sql, and'],
    ['a missing file', { ...A, ...B }, B, '0001.do.a.sql has run in this database and is gone'],
    ['two files with one number', A, { ...A, '0001.do.z.sql': '' }, 'has 0001.do.a.sql and 0001.do.z.sql'],
    ['an invalid file name', A, { ...A, '0002-b.sql': '' }, '0002-b.sql: call it NNNN.do.<what>.sql'],
  ])('%s', async (_what, before, after, message) => {
    await run(before)
    const refused = run({ ...after, '0009.do.new.sql': 'create table new (id int)' })
    await expect(refused).rejects.toThrow(message)
    await expect(refused).rejects.toBeInstanceOf(ConfigError)
    expect(await tables()).not.toContain('new')
  })

  it('a platform without migrations', async () => {
    await expect(run(A, { platform: await folder({}) })).rejects.toThrow('there are no migrations in')
  })
})

it.each(['q[1]', 'a*', 'b{x,y}?'])('finds migrations in a folder called %s', async (name) => {
  const [platform, team] = [await folder(PLATFORM, `${name}-`), await folder(A, `${name}-`)]
  expect(await migrate(history.url, { platform, team })).toEqual(['0001.do.base.sql', '0001.do.a.sql'])
})

it('names the file and the line of a failure, keeps the migrations before it, and nothing of the failed one', async () => {
  const broken = { '0002.do.b.sql': 'create table b (id int);\n\nselect nonsense;' }
  await expect(run({ ...A, ...broken, ...C })).rejects.toThrow(
    '0002.do.b.sql, line 3: column "nonsense" does not exist',
  )
  expect(await tables()).toEqual(['a'])
  expect(await run({ ...A, ...B, ...C })).toEqual(['0002.do.b.sql', '0003.do.c.sql'])
})

it('puts the team`s tables into public, even for a role that is called like the platform`s schema', async () => {
  const name = new URL(history.url).pathname.slice(1)
  await query(`create role ebb_history login password 'x'; alter database "${name}" owner to ebb_history;
    alter schema public owner to ebb_history; create schema ebb_history authorization ebb_history`)
  const url = Object.assign(new URL(history.url), { username: 'ebb_history', password: 'x' }).href
  try {
    await run(A, {}, url)
    expect([await tables(), await tables('ebb_history')]).toEqual([['a'], []])
  } finally {
    await query(`alter database "${name}" owner to postgres; drop owned by ebb_history cascade; drop role ebb_history`)
  }
})

describe('a lock that another session holds', () => {
  const ALTER = { '0002.do.alter.sql': 'alter table a add column more int' }
  const holding = async (work: (release: () => Promise<unknown>) => Promise<void>) => {
    const holder = new pg.Client({ connectionString: history.url })
    await holder.connect()
    await holder.query('begin; select * from a')
    await work(() => holder.query('rollback')).finally(() => holder.end())
  }

  it('is waited for a second at a time, so that other queries go on meanwhile', async () => {
    await run(A)
    await holding(async (release) => {
      const waited = Promise.withResolvers<string>()
      const running = run({ ...A, ...ALTER }, { onWait: waited.resolve })
      expect(await waited.promise).toMatch(/^0002\.do\.alter\.sql waits for a lock; .* of pid \d+ \(.*select/)
      // The query does not queue behind a change that never gets its lock.
      expect(await query('select * from a')).toEqual([])
      await release()
      expect(await running).toEqual(['0002.do.alter.sql'])
    })
  })

  it('for too long is an error that names the session', async () => {
    await run(A)
    await holding(async () => {
      await expect(run({ ...A, ...ALTER }, { waitLimitMs: 1 })).rejects.toThrow(/of pid \d+ .*: end it, and try again/)
    })
  })
})

describe('several processes at once', () => {
  const files: Files = { ...A, ...B, ...C }

  it('run each file once', async () => {
    const [platform, team] = [await folder(PLATFORM), await folder(files)]
    const ran = await Promise.all([1, 2, 3].map(() => migrate(history.url, { platform, team })))
    expect(ran.flat().sort()).toEqual(['0001.do.a.sql', '0001.do.base.sql', '0002.do.b.sql', '0003.do.c.sql'])
  })

  const test = pgbouncer ? it : it.skip
  const putBefore = testPgBouncer({ poolSize: 2 })
  test('through PgBouncer in transaction mode, too (skipped where none is installed)', async () => {
    const url = await putBefore(history.url)
    const [platform, team] = [await folder(PLATFORM), await folder(files)]
    const ran = await Promise.all([1, 2, 3, 4].map(() => migrate(url, { platform, team })))
    expect(ran.flat()).toHaveLength(4)
    await writeFile(join(team, '0004.do.d.sql'), 'create table d (id int)')
    expect(await migrate(url, { platform, team })).toEqual(['0004.do.d.sql'])
    const left = `select from pg_locks join pg_stat_activity using (pid) where datname = current_database() and locktype = 'advisory'`
    expect(await query(left)).toEqual([])
  })
})
