import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { testHistory } from '../../data/migrate/test-support.ts'
import { writeFiles } from '../test-support.ts'
import { checkMigrations, findDestructive } from './check-migrations.ts'

describe('findDestructive', () => {
  it.each([
    'drop table a',
    'DROP TABLE IF EXISTS a',
    'alter table a drop column b',
    'alter table a add column c int, drop column b',
    'alter table a rename column b to c',
    'alter table a alter column b type text',
    'alter table a alter b set not null',
    'truncate a',
    'drop function f(int)',
  ])('finds %s', (statement) => {
    expect(findDestructive(`create table x (id int);\n${statement};`)).toEqual([statement])
  })

  it.each([
    'create table a (id int)',
    'alter table a add column b int',
    'drop index a_b',
    '-- drop table a\nselect 1',
    '/* drop table a; */ select 1',
    'create function f() returns void language sql as $$ drop table a; $$',
    'alter table a alter column b drop not null',
  ])('takes nothing for it in %s', (sql) => {
    expect(findDestructive(sql)).toEqual([])
  })
})

describe('checkMigrations', () => {
  const history = testHistory()
  let project: string
  beforeEach(async () => {
    project = await mkdtemp(join(tmpdir(), 'ebb-migrations-'))
  })
  afterEach(async () => {
    delete process.env.DATABASE_URL
    await rm(project, { recursive: true, force: true })
  })
  const A = { 'domain/migrations/0001.do.a.sql': 'create table a (id int);\n' }
  const B = { 'domain/migrations/0002.do.b.sql': 'create table b (id int);\n' }

  it('names the migrations that the platform has besides those of the version before', async () => {
    const [sentence] = await checkMigrations(project, ['0001.do.events.sql'])
    expect(sentence).toMatch(/^npx ebb migrate will run in the platform's schema: 0002\.do\.requests\.sql, /)
    expect(await checkMigrations(project)).toEqual([])
  })

  it('says what is wrong with the files where no database is set', async () => {
    await writeFiles(project, { ...A, 'domain/migrations/0001.do.z.sql': '' })
    expect(await checkMigrations(project)).toEqual([
      expect.stringContaining('has 0001.do.a.sql and 0001.do.z.sql: give one of them the next free number'),
    ])
  })

  it('compares the files with what has run in the database of DATABASE_URL', async () => {
    process.env.DATABASE_URL = history.url
    await history.query(
      "create table public.schema_version as select 1::bigint as version, 'a' as name, md5(E'create table a (id int);\\n') as md5, now() as run_at",
    )
    await writeFiles(project, { ...A, ...B })
    expect(await checkMigrations(project)).toEqual([
      'npx ebb migrate will run in the database of DATABASE_URL: 0002.do.b.sql',
    ])
    await rm(join(project, 'domain/migrations/0001.do.a.sql'))
    expect(await checkMigrations(project)).toEqual([
      expect.stringContaining('0001.do.a.sql has run in this database and is gone; put it back.'),
    ])
  })

  it('says so where that database cannot be reached', async () => {
    process.env.DATABASE_URL = 'postgres://nobody@127.0.0.1:1/none'
    expect(await checkMigrations(project)).toEqual([
      expect.stringMatching(/^the database of DATABASE_URL cannot be reached: /),
    ])
  })
})
