import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import { TEST_PROJECT } from '../../../test/support/project.ts'
import { migrate } from './migrate.ts'
import { testHistory } from './test-support.ts'

const { url, query, folder, tables } = testHistory()
const PLATFORM = 'src/data/migrations'
const TEAM = join(TEST_PROJECT, 'domain/migrations')

async function filesOf(path: string, keep: (file: string) => boolean = () => true) {
  const names = (await readdir(path)).filter((name) => name.endsWith('.sql')).filter(keep)
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(path, name), 'utf8')] as const)),
  )
}

it('what a team had created in the platform`s schema is moved to public, and works as before', async () => {
  // As it was while the role had the name of the schema, to which unqualified names resolved.
  const before = await filesOf(PLATFORM, (name) => name < '0006')
  const team = await filesOf(TEAM)
  await migrate(url, { platform: await folder(before), team: await folder(team) })
  await query('drop schema public cascade; create schema public')
  await query(`set search_path = ebb; ${Object.values(team).join('\n')}
    create type mood as enum ('good'); create domain cents as int; create type pair as (a int, b mood);
    create view dear as select * from products where cents > 5000;
    create table later (id serial primary key, number int generated always as identity, mood mood, cents cents);
    create sequence loose; create function twice(int) returns int language sql as 'select $1 * 2';
    create table public.schema_version (like ebb.schema_version including all)`)
  const recorded = Object.entries(team).map(([file, sql]) => {
    const [number = '', , name = ''] = file.split('.')
    return `insert into public.schema_version values (${Number(number)}, '${name}', md5($$${sql}$$), now())`
  })
  await query(recorded.join(';'))

  await migrate(url, { platform: PLATFORM, team: TEAM })
  expect(await tables()).toEqual(['later', 'orders', 'products', 'users'])
  const left = await query<{ name: string }>(`
    select typname as name from pg_type where typnamespace = 'ebb'::regnamespace and typname in ('mood', 'cents', 'pair', 'orders')
    union all select proname from pg_proc where pronamespace = 'ebb'::regnamespace and proname = 'twice'
    union all select relname from pg_class where relnamespace = 'ebb'::regnamespace and relname ~ '^(dear|loose|later|orders)'`)
  expect(left).toEqual([])
  expect(await tables('ebb')).toContain('outbox')
  expect(
    await query(`insert into later (mood, cents) values ('good', twice(3)) returning id, number, cents,
                 nextval('loose')::int as loose, (select count(*) > 0 from dear) as dear`),
  ).toEqual([{ id: 1, number: 1, cents: 6, loose: 1, dear: true }])
})
