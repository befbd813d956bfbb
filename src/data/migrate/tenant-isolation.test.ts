import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import pg from 'pg'
import { changeSchema } from './change-schema.ts'
import { findTenantLeaks, requireOwnIsolation, requireTenantIsolation } from './tenant-isolation.ts'

/** Roles are seen from every test's database. */
const suffix = randomUUID().replaceAll('-', '')
const [owner, bypass, member, plain] = ['owner', 'bypass', 'member', 'plain'].map((name) => `ebb_${name}_${suffix}`)

// Hooks run in the order in which they are declared: the roles let go before the database is dropped.
const clients: pg.Client[] = []
afterAll(async () => {
  await admin.query(`drop owned by ${[owner, bypass, member, plain].join()} cascade`)
  await admin.query(`drop role ${[member, owner, bypass, plain].join()}`)
  for (const client of clients) await client.end()
})
const database = testDatabase()
let admin: pg.Client
let team: pg.Client

async function connect(url: string, role?: string) {
  const given = new URL(url)
  if (role) Object.assign(given, { username: role, password: 'secret' })
  const client = new pg.Client({ connectionString: given.href })
  await client.connect()
  clients.push(client)
  return client
}

beforeAll(async () => {
  admin = await connect(database.ownerUrl)
  const name = new URL(database.ownerUrl).pathname.slice(1)
  await admin.query(`
    create role ${owner} login password 'secret'; create role ${plain} login; create role ${bypass} login bypassrls;
    create role ${member} login in role ${owner};
    grant connect on database ${name} to ${owner}; grant all on schema public to ${owner}; grant usage on schema ebb to ${owner};
    grant execute on all functions in schema ebb to ${owner}`)
  team = await connect(database.ownerUrl, owner)
})

/** Runs SQL as a migration of the team's does. */
const migration = (sql: string) =>
  changeSchema(team, 'a test', async () => (await team.query(sql)).rows ?? [], { onWait: () => {}, waitLimitMs: 0 })
const rowsOf = async (sql: string) => (await admin.query(sql)).rows

describe('make_tenant_table', () => {
  it('asks whose the rows are that a table has already', async () => {
    await migration('create table notes (id uuid primary key default gen_random_uuid(), text text unique)')
    await migration(`insert into notes (text) values ('old')`)
    await expect(migration(`select ebb.make_tenant_table('notes')`)).rejects.toThrow(
      "has rows: say whose they become, as in select ebb.make_tenant_table('public.notes', 'acme')",
    )
    await migration(`select ebb.make_tenant_table('notes', 'acme')`)
    expect(await rowsOf('select tenant, text from notes')).toEqual([{ tenant: 'acme', text: 'old' }])
  })

  it('changes nothing where it is said again', async () => {
    const policies = `select polname, polpermissive from pg_policy where polrelid = 'notes'::regclass order by 1`
    const before = await rowsOf(policies)
    await migration(`select ebb.make_tenant_table('notes')`)
    expect(await rowsOf(policies)).toEqual(before)
    expect(before).toHaveLength(5)
  })

  it('lets another table refer to a row within the tenant', async () => {
    await migration(`
      create table tags (
        tenant text, note uuid, label text, primary key (note, label), foreign key (tenant, note) references notes (tenant, id)
      );
      select ebb.make_tenant_table('tags')`)
    const [note] = await rowsOf('select id from notes')
    const insert = (tenant: string) =>
      admin.query(`insert into tags (tenant, note, label) values ('${tenant}', '${note?.id}', 'a')`)
    await expect(insert('globex')).rejects.toThrow('violates foreign key constraint')
    await insert('acme')
  })

  it('guards each partition, and refuses what is no table', async () => {
    await migration(`
      create table parts (id int, day date) partition by range (day);
      create table parts_2026 partition of parts for values from ('2026-01-01') to ('2027-01-01');
      select ebb.make_tenant_table('parts')`)
    expect(
      await rowsOf(
        `select relrowsecurity and relforcerowsecurity as on from pg_class where relname like 'parts%' and relkind in ('r', 'p')`,
      ),
    ).toEqual([{ on: true }, { on: true }])
    await migration('create view shown with (security_invoker = true) as select * from notes')
    await expect(migration(`select ebb.make_tenant_table('shown')`)).rejects.toThrow('shown is not a table')
  })
})

describe('a migration that comes later', () => {
  it('is refused where it would change the rows of no tenant, and changes all where it says so', async () => {
    const update = `update notes set text = 'new'`
    const refused = 'would be affected by row-level security policy for table "notes"'
    await expect(migration(update)).rejects.toThrow(refused)
    await expect(migration('insert into tags (note) select id from notes')).rejects.toThrow(refused)
    await migration(
      `alter table notes no force row level security; ${update}; alter table notes force row level security`,
    )
    expect(await rowsOf('select text from notes')).toEqual([{ text: 'new' }])
  })
})

describe('what could show rows of another tenant', () => {
  it('is named with what to write instead', async () => {
    await migration(`
      create table lists (tenant text not null, id uuid primary key, slug text unique);
      create table loose (tenant text);
      select ebb.make_tenant_table('lists');
      create table items (id uuid primary key default gen_random_uuid(), list uuid references lists);
      select ebb.make_tenant_table('items');
      create view shown_by_owner as select * from lists;
      create materialized view counted as select tenant, count(*) from lists group by tenant with no data`)
    expect(
      (await findTenantLeaks(admin)).map((leak) => leak.replace("tenants could see each other's rows in ", '')),
    ).toEqual([
      'public.counted: a materialized view has the rows of all tenants of public.lists: select them from the table',
      "public.items: its foreign key items_list_fkey lets a row refer to another tenant's: foreign key (tenant, …) references public.lists (tenant, …)",
      'public.lists: its unique index public.lists_slug_key tells one tenant what another has: make it unique (tenant, …)',
      "public.loose: it has a column tenant and no policy that keeps tenants apart: select ebb.make_tenant_table('public.loose')",
      'public.notes: its unique index public.notes_text_key tells one tenant what another has: make it unique (tenant, …)',
      'public.shown_by_owner: it shows the rows of public.lists with the rights of its owner: create view … with (security_invoker = true)',
    ])
  })
})

describe('a role of functions', () => {
  it.each([
    ['that has BYPASSRLS', () => bypass],
    ['that owns the tables', () => owner],
    ['that may become their owner', () => member],
    ['that is a superuser', () => new URL(database.ownerUrl).username],
  ])('%s is refused', async (_name, role) => {
    const name = String(role())
    await expect(requireTenantIsolation(admin, ['ebb_functions', name])).rejects.toThrow(
      `functions log in as ${name}, which can read the rows of every tenant`,
    )
  })

  it('that nobody names may be the one that migrates: a superuser is refused, the owner is told', async () => {
    await expect(requireOwnIsolation(admin)).rejects.toThrow('say in EBB_FUNCTIONS_ROLE which role they log in as')
    expect(await requireOwnIsolation(team)).toEqual([expect.stringContaining('can turn row-level security off')])
  })

  it('that has none of these is not', async () => {
    await requireTenantIsolation(admin, ['ebb_functions', String(plain)])
  })

  it('is not looked at while no table is a tenant’s', async () => {
    await admin.query('begin; drop table notes, tags, parts, lists, items cascade')
    const look = async () => {
      await requireTenantIsolation(admin, [String(bypass)])
      expect(await requireOwnIsolation(admin)).toEqual([])
    }
    await look().finally(() => admin.query('rollback'))
  })
})
