import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import pg from 'pg'
import { readMigrations } from '../../src/data/migrate/history.ts'
import { readReleases } from '../upgrade/releases.ts'
import { lostRows, readSchema, schemaBreaks } from './schema-breaks.ts'

const FOLDER = 'src/data/migrations'
/** The line by which a migration says that it takes away what no supported release uses (RELEASES.md). */
const MARKER = /^-- Unused since (\d+\.\d+\.\d+)\.$/m
/** The line by which it says why a release does not notice what it takes away; `npm run e2e:upgrade` shows that it is so. */
const SAFE = /^-- Safe beside (\d+\.\d+\.\d+): \S.+\.$/m

const database = testDatabase()
let client: pg.Client
beforeEach(async () => {
  client = new pg.Client({ connectionString: database.ownerUrl })
  await client.connect()
  await client.query('drop schema if exists ebb cascade; create schema ebb')
})
afterEach(() => client.end())

const isSameMinor = (one: string, other = '') => one.split('.', 2).join('.') === other.split('.', 2).join('.')

/** Runs a migration; returns what it breaks for programs that knew the schema as it was. */
async function breaksOf(sql: string): Promise<readonly string[]> {
  const before = await readSchema(client)
  await client.query(sql)
  return [...schemaBreaks(before, await readSchema(client)), ...lostRows(sql)]
}

/** Why a migration may not be released; undefined where it may. */
function objectionTo(
  sql: string,
  breaks: readonly string[],
  [newest, ...released]: readonly { readonly version: string }[],
) {
  if (breaks.length === 0) return undefined
  const [, beside] = SAFE.exec(sql) ?? []
  if ([newest, ...released].some((release) => release?.version === beside)) return undefined
  const [, since] = MARKER.exec(sql) ?? []
  const expand = `Gateways, relays and functions of the last release still run on this schema (RELEASES.md)`
  if (!since) return `${breaks.join('; ')}. ${expand}: stop using it first, and take it away a release later.`
  const isReleased = released.some(({ version }) => version === since) && !isSameMinor(since, newest?.version)
  return isReleased ? undefined : `${breaks.join('; ')}. ${since} is no minor release before ${newest?.version}.`
}

it('the migrations take nothing away that the release before uses', async () => {
  const objections: string[] = []
  for (const { file } of await readMigrations(FOLDER)) {
    const sql = readFileSync(join(FOLDER, file), 'utf8')
    const objection = objectionTo(sql, await breaksOf(sql), readReleases(readFileSync('CHANGELOG.md', 'utf8')))
    if (objection) objections.push(`${file}: ${objection}`)
  }
  expect(objections).toEqual([])
})

const BASE = `
  create table ebb.job (id int primary key, state text, tries int not null default 0);
  create view ebb.waiting as select id from ebb.job;
  create function ebb.count_jobs(state text) returns bigint language sql return 1`

describe('a migration breaks the release before when it', () => {
  it.each<[string, string, readonly string[]]>([
    ['drops a table', 'drop table ebb.job cascade', ['table job is gone', 'view waiting is gone']],
    ['drops a column', 'alter table ebb.job drop column state', ['column job.state is gone']],
    ['drops a view', 'drop view ebb.waiting', ['view waiting is gone']],
    ['drops a function', 'drop function ebb.count_jobs', ['function ebb.count_jobs(text) is gone']],
    ['renames a column', 'alter table ebb.job rename state to status', ['column job.state is gone']],
    ['renames a table', 'alter table ebb.job rename to task', ['table job is gone']],
    ['moves a table', 'alter table ebb.job set schema public', ['table job is gone']],
    [
      'drops by a block',
      `do $$ begin execute 'alter table ebb.job drop ' || 'column state'; end $$`,
      ['column job.state is gone'],
    ],
    [
      'changes a type',
      'alter table ebb.job alter tries type bigint',
      ['column job.tries was of type integer and is of type bigint'],
    ],
    ['drops a default', 'alter table ebb.job alter tries drop default', ['column job.tries has to be written now']],
    ['requires a value', 'alter table ebb.job alter state set not null', ['column job.state has to be written now']],
    [
      'adds what has to be written',
      'alter table ebb.job add kind text not null',
      ['column job.kind has to be written'],
    ],
    ['checks a column', 'alter table ebb.job add check (tries < 9)', ['a new rule: job CHECK ((tries < 9))']],
    ['makes a column unique', 'create unique index on ebb.job (state)', ['a new rule: job CREATE UNIQUE INDEX']],
    ['drops a key that conflicts are found by', 'alter table ebb.job drop constraint job_pkey', ['unique key ebb.job']],
    ['deletes rows', 'delete from ebb.job where tries > 3', ['rows are lost: delete from ebb.job']],
    ['truncates', 'truncate ebb.job', ['rows are lost: truncate ebb.job']],
  ])('%s', async (_what, sql, expected) => {
    await client.query(BASE)
    const breaks = await breaksOf(sql)
    for (const sentence of expected) expect(breaks).toContainEqual(expect.stringContaining(sentence))
  })
})

describe('a migration breaks nothing when it', () => {
  it.each([
    [
      'creates a table',
      'create table ebb.other (id int primary key, name text not null unique check (length(name) < 9))',
    ],
    ['adds a column that may be absent', 'alter table ebb.job add kind text'],
    ['adds one with a default', `alter table ebb.job add kind text not null default 'x'`],
    ['adds one with a rule of its own', 'alter table ebb.job add parent int references ebb.job (id)'],
    ['adds an index', 'create index on ebb.job (state)'],
    ['lets a column be absent', 'alter table ebb.job alter tries drop not null'],
    [
      'creates a function that deletes',
      'create function ebb.forget(id int) returns void language sql begin atomic delete from ebb.job where job.id = forget.id; end;',
    ],
    [
      'replaces a function by one with the same signature',
      'create or replace function ebb.count_jobs(state text) returns bigint language sql return 2',
    ],
  ])('%s', async (_what, sql) => {
    await client.query(BASE)
    expect(await breaksOf(sql)).toEqual([])
  })
})

describe('a migration that breaks something', () => {
  const releases = ['0.4.0', '0.3.1', '0.3.0', '0.2.0'].map((version) => ({ version }))
  it.each([
    ['a minor release later, with the line that says so', '-- Unused since 0.3.0.\ndrop table ebb.job', undefined],
    ['without that line', '-- Nobody uses it.\ndrop table ebb.job', /stop using it first, and take it away a release/],
    ['in the release that stops using it', '-- Unused since 0.4.0.\ndrop table ebb.job', /0.4.0 is no minor release/],
    ['since a release that was none', '-- Unused since 0.3.7.\ndrop table ebb.job', /0.3.7 is no minor release/],
  ])('%s', (_when, sql, objection) => {
    const found = objectionTo(sql, ['table job is gone'], releases)
    if (objection) expect(found).toMatch(objection)
    else expect(found).toBeUndefined()
  })
})
