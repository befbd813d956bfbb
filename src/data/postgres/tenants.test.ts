import { randomUUID } from 'node:crypto'
import { tracingChannel } from 'node:diagnostics_channel'
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { endpoint } from 'ebb/contract'
import { postgres, type Sql } from 'ebb/data'
import { implement } from 'ebb/http'
import { POSTGRES_CHANNEL, type Statement } from 'ebb/telemetry'
import { testFunction } from 'ebb/testing'
import * as z from 'zod'
import { pgbouncer, testPgBouncer } from '../../../test/support/pgbouncer.ts'
import { describeWhere } from '../../../test/support/requirements.ts'

const isFull = process.env.EBB_TEST_SCALE === 'full'
const ALL = 'select * from notes'
const FORGED = "'; select ebb.enter_tenant('globex"

/** What a handler of the tenant acme does, or whoever brings SQL into one: one statement after the other. */
const WAYS: readonly (readonly [statement: string, ...more: string[]])[] = [
  [ALL],
  ['table notes'],
  ["select * from notes where tenant = 'globex'"],
  ['select string_agg(text, null) from notes'],
  ['select (select string_agg(text, null) from notes where true or notes.id = other.id) from notes as other'],
  ["select query_to_xml('select * from notes', true, true, '')"],
  ["select table_to_xml('notes', true, true, '')"],
  ["select most_common_vals::text, histogram_bounds::text from pg_stats where tablename = 'notes'"],
  ['explain (analyze, verbose) select * from notes'],
  ['select * from notes_seen'],
  // Become another one by a setting.
  ["select set_config('ebb.tenant', 'globex', true)", ALL],
  ["select set_config('ebb.' || 'tenant', 'globex', true)", ALL],
  ["select set_config('EBB.TENANT', 'globex', false)", ALL],
  [`select set_config(U&'ebb\\002etenant', 'globex', true)`, ALL],
  ["set local ebb.tenant = 'globex'", ALL],
  [`set local "ebb"."tenant" to 'globex'`, ALL],
  ["set ebb.tenant = 'globex'", ALL],
  ["update pg_settings set setting = 'globex' where name = 'ebb.tenant'", ALL],
  ["do $$ begin execute 'set local ebb.' || 'tenant = globex'; end $$", ALL],
  ["do $$ begin perform set_config('ebb.' || 'tenant', 'globex', true); end $$", ALL],
  ["select query_to_xml('select set_config(''ebb.'' || ''tenant'', ''globex'', true)', true, true, '')", ALL],
  ['select become_globex()', ALL],
  ['select * from notes_of_globex()'],
  ["with changed as (select set_config('ebb.' || 'tenant', 'globex', true)) select * from changed, notes"],
  ["select set_config('ebb.' || 'tenant', '', true), set_config('ebb.' || 'tenant_proof', '', true)", ALL],
  ["select set_config('ebb.' || 'tenant', 'globex', true), set_config('ebb.' || 'tenant_proof', '', true)", ALL],
  ['reset all', ALL],
  ['do $$ begin reset all; end $$', ALL],
  ['savepoint s', "select set_config('ebb.' || 'tenant', 'globex', true)", 'release s', ALL],
  // Become another one as the platform does.
  ["select ebb.enter_tenant('globex')", ALL],
  ["select ebb . /* */ enter_tenant('globex')", ALL],
  [`select "ebb"."enter_tenant"('globex')`, ALL],
  ["do $$ begin perform ebb.enter_tenant('globex'); end $$", ALL],
  ["do $$ begin execute 'select ebb.enter_' || 'tenant(''globex'')'; end $$", ALL],
  ["select ebb.prove_tenant('globex')"],
  [
    "do $$ begin perform set_config('ebb.' || 'tenant_proof', ebb.prove_tenant('globex'), true), set_config('ebb.' || 'tenant', 'globex', true); end $$",
    ALL,
  ],
  ['select encode(key, null) from ebb.tenant_key', ALL],
  // A transaction of one's own, whose first message could enter it.
  ['commit', "select ebb . enter_tenant('globex')", ALL],
  ['do $$ begin commit; end $$', "select ebb . enter_tenant('globex')", ALL],
  ["select 1; select ebb . enter_tenant('globex')", ALL],
  ["commit; begin; select ebb . enter_tenant('globex'); select * from notes"],
  // Turn row-level security off.
  ['set local row_security = off', ALL],
  ["select set_config('row_security', 'off', true)", ALL],
  ['alter table notes disable row level security', ALL],
  ['alter table notes no force row level security', ALL],
  ['drop policy ebb_tenant_select on notes', ALL],
  ['create policy mine on notes using (true)', ALL],
  ["select ebb.make_tenant_table('notes')", ALL],
  ['set local role ebb_owner', ALL],
  ['set session authorization postgres', ALL],
  ['create view mine as select * from notes', 'select * from mine'],
  ['create function ebb.current_tenant() returns text language sql as $$ select null::text $$', ALL],
  ['create schema mine', ALL],
  // Write to another one's rows.
  ["update notes set text = 'mine'"],
  ["update notes set tenant = 'acme'"],
  ["update notes set tenant = 'globex'"],
  ["update notes set text = 'mine' from notes as other returning other.*, notes.*"],
  ['delete from notes returning *'],
  ['delete from notes using notes as other returning other.*'],
  ["insert into notes (tenant, text) values ('globex', 'mine')"],
  [
    "insert into notes (id, text) select id, 'mine' from all_ids on conflict (id) do update set text = excluded.text returning *",
  ],
  [
    "merge into notes using all_ids on notes.id = all_ids.id when matched then update set text = 'mine' when not matched then insert (text) values ('mine')",
  ],
  ['truncate notes'],
  ['select * from notes for update'],
  ['insert into links (note) select id from all_ids'],
]

const shared = {
  ...({ summary: 'A test.', method: 'POST', access: {}, timeoutMs: 60_000 } as const),
  body: z.object({ statements: z.array(z.string()), snapshot: z.boolean().optional() }),
  reply: { status: 200, body: z.object({ rows: z.array(z.unknown()) }) },
} as const
const writing = endpoint({ ...shared, name: 'run-statements', path: '/v1/statements' })
const reading = endpoint({ ...shared, name: 'read-statements', path: '/v1/reads', reads: true })

/** A text as if it stood in the handler. */
const written = (text: string) => Object.assign([text], { raw: [text] })

/** The rows and the errors of all statements; an error is undone by `undo`, so that the others run. */
async function runAll(sql: Sql, statements: readonly string[], { before = '', undo = '' } = {}) {
  const found: unknown[] = []
  for (const statement of statements) {
    if (before) await sql(written(before))
    const rows = await sql(written(statement)).catch(String)
    if (undo && typeof rows === 'string') await sql(written(undo))
    found.push(rows)
  }
  return { rows: found }
}

const UNDONE = { before: 'savepoint attempt', undo: 'rollback to attempt' }

const writer = implement(writing, { sql: postgres }, ({ body }, { sql }) => runAll(sql, body.statements, UNDONE))
const reader = implement(reading, { sql: postgres }, ({ body: { statements, snapshot } }, { sql }) =>
  snapshot ? sql.snapshot((within) => runAll(within, statements)) : runAll(sql, statements),
)

type Through = (databaseUrl: string) => Promise<string>

function tryEverything(throughOf: () => Through) {
  const env = { EBB_POOL_MAX: '1' }
  describe.each([
    ['writes', testFunction(writer, { env, through: throughOf() }), '/v1/statements', [false]],
    ['reads', testFunction(reader, { env, through: throughOf() }), '/v1/reads', [false, true]],
  ] as const)('a request that %s', (_kind, fn, path, snapshots) => {
    const run = async (tenant: string | undefined, statements: readonly string[], snapshot = false) => {
      const agent = await fn.as({ sub: 'ada', ...(tenant === undefined ? {} : { tenant }) })
      return (await agent.post(path).send({ statements, snapshot })).body.rows
    }
    const fill = (text: string) => fn.query(`truncate notes, links; ${text}`)

    beforeAll(() =>
      fn.query(`
        create table notes (id uuid primary key default gen_random_uuid(), text text);
        create table links (note uuid);
        create table all_ids (id uuid);
        insert into notes (text) values ('old');
        select ebb.make_tenant_table('notes', 'initech'), ebb.make_tenant_table('links');
        alter table links add foreign key (tenant, note) references notes (tenant, id);
        create view notes_seen with (security_invoker = true) as select * from notes;
        create function become_globex() returns text language sql as $$ select set_config('ebb.tenant', 'globex', true) $$;
        create function notes_of_globex() returns setof notes language sql set ebb.tenant = 'globex' as $$ select * from notes $$;
        grant select, insert, update, delete on notes, links, all_ids, notes_seen to ebb_functions;
        do $$ begin execute format('grant temp on database %I to ebb_functions', current_database()); end $$`),
    )
    beforeEach(() =>
      fill(`insert into notes (tenant, text) values ('acme', 'acme has this'), ('globex', 'globex has a secret'), ('globex', 'globex has more');
            truncate all_ids; insert into all_ids select id from notes; analyze notes`),
    )

    it.each(WAYS.map((way) => [way.join(' | '), way] as const))('%s', async (_name, way) => {
      for (const snapshot of snapshots) {
        expect(JSON.stringify((await run('acme', way, snapshot)) ?? '')).not.toMatch(/globex has|old/)
        const others = await fn.query(`select text from notes where tenant = 'globex' order by text`)
        expect(others).toEqual([{ text: 'globex has a secret' }, { text: 'globex has more' }])
        const links = await fn.query(
          `select from links join notes on note = notes.id where links.tenant <> notes.tenant`,
        )
        expect(links).toEqual([])
        // Nor is anything left for who comes next by the same connection.
        const left =
          "select current_setting('ebb.tenant', true) as tenant, current_setting('ebb.tenant_proof', true) as proof"
        const [settings, rows] = await run(undefined, [left, ALL])
        expect([Object.values(settings[0]).join(''), rows]).toEqual(['', []])
      }
    })

    it('has its own rows, whoever has used the connection before', async () => {
      for (const tenant of ['acme', 'globex', 'acme', 'initech']) {
        const [rows] = await run(tenant, [ALL])
        expect(new Set(rows.map((row: { tenant: string }) => row.tenant))).toEqual(
          new Set(tenant === 'initech' ? [] : [tenant]),
        )
      }
    })

    it('has no rows without a tenant', async () => {
      expect(await run(undefined, [ALL])).toEqual([[]])
    })

    it('is told by an error, and by no row, of what cannot name a tenant', async () => {
      for (const tenant of [FORGED, 'a'.repeat(64), '-a', "a'b", 'a b', 'ä', 'a;b']) {
        const { status, body } = await (await fn.as({ sub: 'ada', tenant })).post(path).send({ statements: [ALL] })
        expect([status, body.error]).toEqual([500, 'internal'])
      }
      expect((await fn.query('select from notes')).length).toBe(3)
    })

    it('costs no round trip, and no span shows the tenant', async () => {
      await run('acme', [ALL])
      const sent: string[] = []
      const note = (statement: unknown) => void sent.push((statement as Statement).text)
      const channel = tracingChannel(POSTGRES_CHANNEL)
      channel.start.subscribe(note)
      await run('acme', [ALL])
      channel.start.unsubscribe(note)
      const begin = path === '/v1/reads' ? 'begin read only' : 'begin; set local statement_timeout = 60000'
      expect(sent.filter((text) => !text.startsWith('savepoint'))).toEqual([
        `${begin}; select ebb.enter_tenant(?)`,
        ALL,
        'commit',
      ])
    })

    if (path === '/v1/statements') {
      it('writes rows of its own, and says what to do where it has no tenant or names another one', async () => {
        const id = randomUUID()
        await run('initech', [`insert into notes (id, text) values ('${id}', 'new')`])
        expect(await fn.query(`select tenant from notes where id = '${id}'`)).toEqual([{ tenant: 'initech' }])
        for (const statement of [
          "insert into notes (text) values ('x')",
          "update notes set text = 'x'",
          'delete from notes',
        ]) {
          expect((await run(undefined, [statement])).join()).toContain('say `tenancy: true` in the contract')
        }
        for (const statement of [
          "insert into notes (tenant) values ('globex')",
          "update notes set tenant = 'globex'",
        ]) {
          expect((await run('acme', [statement])).join()).toContain('leave `tenant` out')
        }
        expect((await run('acme', ["set local ebb.tenant = 'globex'"])).join()).toContain('the tenant of the caller')
      })
    }
  })
}

describe('directly', () => tryEverything(() => async (url) => url))
describeWhere(isFull ? (pgbouncer ? undefined : 'no pgbouncer on PATH') : 'only in npm run test:full')(
  'through PgBouncer in transaction mode',
  () => tryEverything(() => testPgBouncer({ poolSize: 1 })),
)
