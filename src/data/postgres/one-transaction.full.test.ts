import { randomUUID } from 'node:crypto'
import { tracingChannel } from 'node:diagnostics_channel'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { endpoint } from 'ebb/contract'
import { postgres, type Sql } from 'ebb/data'
import { implement } from 'ebb/http'
import { POSTGRES_CHANNEL, type Statement } from 'ebb/telemetry'
import { testDatabase, testFunction } from 'ebb/testing'
import * as z from 'zod'
import { pgbouncer, testPgBouncer } from '../../../test/support/pgbouncer.ts'
import { describeWhere } from '../../../test/support/requirements.ts'
import { collectLog, configOf } from '../test-support.ts'

/** A role that a function may take; those of a server are seen from every test's database. */
const OTHER = `ebb_test_${randomUUID().replaceAll('-', '')}`

/** Each entry is what a handler does: one statement after the other, and no error of theirs stops it. */
const WAYS: readonly (readonly [statement: string, ...more: string[]])[] = [
  // Out of the transaction.
  ['commit'],
  ['Commit Work'],
  ['end'],
  ['/* a /* nested */ comment */ commit'],
  ['-- a comment\n ; ;\tcommit;'],
  ['commit and chain'],
  ['rollback'],
  ['abort'],
  ['rollback and chain'],
  ['rollback work and no chain'],
  ['begin'],
  ['begin', 'commit'],
  ['start transaction isolation level serializable'],
  ["prepare transaction 'theirs'"],
  ['select 1; commit'],
  ['do $$ begin commit; end $$'],
  ['do $$ begin rollback; end $$'],
  ['call leave()'],
  ['savepoint ebb_claimed'],
  ['release savepoint ebb_claimed'],
  ['rollback to savepoint ebb_claimed'],
  // State of the session.
  ["select set_config('app.caller', 'alice', false)"],
  ["select set_config('app.caller', 'alice', false)", 'select 1 / 0'],
  [`select "set_config" ('role', '${OTHER}', false)`],
  ["select set_config('app.caller', 'alice, true )', false)"],
  ["select set_config('app.caller', 'alice', false /*, true ) */)"],
  ["set app.caller = 'alice'"],
  ["SET SESSION app.caller = 'alice'"],
  ["set time zone 'Asia/Kathmandu'"],
  ["select set_config('TimeZone', 'Asia/Kathmandu', false)"],
  ['select go_to_kathmandu()'],
  ["do $$ begin perform set_config('app.caller', 'alice', false); end $$"],
  ["do $$ begin execute 'set app.' || 'caller = 1'; end $$"],
  ['set search_path = pg_catalog'],
  ['set session characteristics as transaction read only'],
  [`set role ${OTHER}`],
  ['set session authorization default', 'reset role'],
  ['reset all'],
  ['create temp table theirs (n int)'],
  ['create temporary table theirs as select 1 as n'],
  ['select 1 as n into temp theirs'],
  ['explain analyze create temp table theirs as select 1 as n'],
  ['create table pg_temp.theirs (n int)'],
  ['create temp view theirs as select 1 as n'],
  ['create function pg_temp.theirs() returns int language sql as $$ select 1 $$'],
  ['create temp sequence theirs'],
  ['select pg_advisory_lock(7)'],
  ['select pg_advisory_lock(7)', 'select 1 / 0'],
  ['select pg_try_advisory_lock_shared(7, 7)'],
  ['do $$ begin perform pg_advisory_lock(7); end $$'],
  ['prepare theirs as select 1'],
  ["do $$ begin execute 'prepare theirs as select 1'; end $$"],
  ["do $$ begin execute 'prepare theirs as select 1'; end $$", 'select 1 / 0'],
  ['listen theirs'],
  ["do $$ begin execute 'listen theirs'; end $$"],
  ['declare theirs cursor with hold for select 1'],
  ['discard all'],
  ['discard temp'],
  ["load 'plpgsql'"],
  // Out of one that only reads.
  ['set transaction read write', "insert into notes values ('theirs')"],
  ['set local transaction_read_only = off', "insert into notes values ('theirs')"],
  ["select set_config('transaction_read_only', 'off', true)", "insert into notes values ('theirs')"],
  ["do $$ begin set transaction read write; insert into notes values ('theirs'); end $$"],
  // Into the protocol.
  ['copy notes from stdin'],
  ['copy notes to stdout'],
  [''],
]

/** Statements that stay within the transaction, which a handler may use. */
const ALLOWED: readonly (readonly [statement: string, ...more: string[]])[] = [
  ["set local time zone 'Asia/Kathmandu'", "select current_setting('TimeZone') = 'Asia/Kathmandu' as yes"],
  ["select set_config('app.caller', 'bob', true)", "select current_setting('app.caller') = 'bob' as yes"],
  ["select set_config('app.caller', 'bob', false)", "select current_setting('app.caller') = 'bob' as yes"],
  [
    'savepoint theirs',
    "insert into notes values ('no')",
    'rollback to theirs',
    'select count(*) = 1 as yes from notes',
  ],
  ['savepoint theirs', 'Rollback Transaction /* so far */ To Savepoint theirs', 'select true as yes'],
  ['select pg_advisory_xact_lock(7)', 'select true as yes'],
  ['create temp table theirs on commit drop as select 1 as n', 'select n = 1 as yes from theirs'],
  ['declare theirs cursor for select true as yes', 'fetch theirs'],
  ['set constraints all deferred', "select 'commit; rollback' = 'commit; rollback' as yes -- commit"],
  ['with commit as (select true as yes) select * from commit'],
  ['/* commit */ (select true as yes)'],
]

/** All state that a session may keep, as Postgres itself reports it. */
const SESSION = `
select pg_backend_pid() as pid, current_user::text as user, session_user::text as login,
       coalesce(current_setting('app.caller', true), '') as caller,
       (select jsonb_object_agg(name, setting) from pg_settings
        where name !~ '^(transaction_|statement_timeout|application_name|plpgsql)') as settings,
       (select count(*)::int from pg_class where relnamespace = pg_my_temp_schema())
         + (select count(*)::int from pg_proc where pronamespace = pg_my_temp_schema()) as temporary,
       (select count(*)::int from pg_locks where pid = pg_backend_pid() and locktype = 'advisory') as locks,
       (select count(*)::int from pg_prepared_statements where from_sql) as prepared,
       (select count(*)::int from pg_cursors where is_holdable) as cursors,
       (select count(*)::int from pg_listening_channels()) as channels`

const shared = {
  ...({ summary: 'A test.', method: 'POST', access: {}, failures: { refused: 409 }, timeoutMs: 60_000 } as const),
  body: z.object({ statements: z.array(z.string()), ends: z.enum(['returns', 'throws', 'refuses']) }),
  reply: { status: 200, body: z.object({ rows: z.array(z.record(z.string(), z.unknown())) }) },
} as const
const writing = endpoint({ ...shared, name: 'run-statements', path: '/v1/statements', idempotent: true })
const reading = endpoint({ ...shared, name: 'read-statements', path: '/v1/reads', reads: true })

/** A text as if it stood in the handler. */
const written = (text: string) => Object.assign([text], { raw: [text] })

async function runAll(sql: Sql, statements: readonly string[]) {
  let rows: Record<string, unknown>[] = []
  for (const statement of statements) rows = await sql(written(statement)).catch(() => [])
  return rows
}

const writer = implement(writing, { sql: postgres }, async ({ body: { statements, ends } }, { sql, fail }) => {
  await sql`insert into notes values ('before')`
  const rows = await runAll(sql, statements)
  if (ends === 'throws') throw new Error('the handler fails')
  if (ends === 'refuses') throw fail('refused', 'No.')
  return { rows }
})
const reader = implement(reading, { sql: postgres }, async ({ body: { statements, ends } }, { sql }) => {
  const rows = await (ends === 'refuses'
    ? sql.snapshot((within) => runAll(within, statements))
    : runAll(sql, statements))
  return { rows }
})

type Through = (databaseUrl: string) => Promise<string>

function breakOut(throughOf: () => Through) {
  const env = { EBB_POOL_MAX: '1' }
  describe.each([
    ['writes', testFunction(writer, { env, through: throughOf() }), '/v1/statements', ['returns', 'throws', 'refuses']],
    ['reads', testFunction(reader, { env, through: throughOf() }), '/v1/reads', ['returns', 'refuses']],
  ] as const)('a request that %s', (kind, fn, path, ends) => {
    const run = async (statements: readonly string[], end: string) =>
      (await fn.as({ sub: 'ada' })).post(path).set('Idempotency-Key', randomUUID()).send({ statements, ends: end })
    const session = async () => (await run([SESSION], 'returns')).body.rows
    let before: unknown

    beforeAll(async () => {
      // What a cluster's roles may not do is granted, so that it is tried as well.
      await fn.query(`
        create table notes (text text);
        grant all on notes to ebb_functions;
        create role ${OTHER}; grant ${OTHER} to ebb_functions;
        do $$ begin execute format('grant temp on database %I to ebb_functions', current_database()); end $$;
        create procedure leave() language plpgsql as 'begin commit; end';
        create function go_to_kathmandu() returns text language sql as
          $$ select set_config('TimeZone', 'Asia/Kathmandu', false) $$`)
      before = await session()
      await fn.query('delete from notes')
    })
    afterAll(() => fn.query(`drop role ${OTHER}`))

    it.each(WAYS.map((way) => [way.join(' | '), way] as const))('%s', async (_name, way) => {
      for (const end of ends) {
        const { status } = await run(way, end)
        const stored = (await fn.query('select from notes')).length
        expect([end, stored > 0]).toEqual([end, kind === 'writes' && status === 200])
        if (end === 'throws') expect(status).toBe(500)
        expect(await session()).toEqual(before)
        await fn.query('delete from notes')
      }
    })

    it('ends with a bare COMMIT where nothing was left: no reset is paid for', async () => {
      const sent: string[] = []
      const note = (statement: unknown) => void sent.push((statement as Statement).text)
      const channel = tracingChannel(POSTGRES_CHANNEL)
      channel.start.subscribe(note)
      await run(['select 1', "select set_config('app.caller', 'bob', true)"], 'returns')
      channel.start.unsubscribe(note)
      await fn.query('delete from notes')
      expect(sent.filter((text) => /commit|rollback|reset/.test(text))).toEqual(
        Array(kind === 'writes' ? 1 : 2).fill('commit'),
      )
    })

    if (kind === 'writes') {
      it.each(ALLOWED.map((way) => [way.join(' | '), way] as const))('200 %s', async (_name, way) => {
        const { status, body } = await run(way, 'returns')
        expect([status, body.rows]).toEqual([200, [{ yes: true }]])
        expect(await session()).toEqual(before)
        await fn.query('delete from notes')
      })
    }
  })
}

describe('directly', () => breakOut(() => async (url) => url))
describeWhere(pgbouncer ? undefined : 'no pgbouncer on PATH')('through PgBouncer in transaction mode', () =>
  breakOut(() => testPgBouncer({ poolSize: 1 })),
)

describe('where a statement ends the transaction all the same', () => {
  const { url } = testDatabase()

  it('sends nothing more, returns nothing, and does not use the connection again', async () => {
    const opened = postgres.open(configOf({ DATABASE_URL: url, EBB_POOL_MAX: '1' }), collectLog().log)
    // As if a later Postgres had another word for it.
    opened.pool.on('connect', (client) => {
      const query = client.query.bind(client) as (given: unknown) => unknown
      const isLeave = (given: unknown) => String(Object(given).text) === 'select 1 as leave'
      client.query = ((given: unknown) => query(isLeave(given) ? 'commit' : given)) as typeof client.query
    })
    const options = { readOnly: false, repeatable: false, timeoutMs: 10_000, signal: new AbortController().signal }
    const pids: unknown[] = []
    const pidOf = async (sql: Sql) => (await sql.one`select pg_backend_pid() as pid`)?.pid
    const leaving = postgres.transaction.run(opened, options, async (sql) => {
      pids.push(await pidOf(sql))
      await sql`select 1 as leave`
      await sql`select 1`.catch(() => {})
    })
    await expect(leaving).rejects.toThrow('has ended the transaction of its request')
    pids.push(await postgres.transaction.run(opened, options, pidOf))
    expect(new Set(pids).size).toBe(2)
    await postgres.close?.(opened)
  })
})
