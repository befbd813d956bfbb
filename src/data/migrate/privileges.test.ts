import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import pg from 'pg'
import { testDatabase } from '../../testing/index.ts'
import { databaseUrlFor } from '../../testing/test-database.ts'
import { DATABASE_USERS, type DatabaseUser, ROUTINE_PRIVILEGES, TABLE_PRIVILEGES } from './privileges.ts'

const clients = new Map<DatabaseUser | 'owner', pg.Client>()
afterAll(() => Promise.all([...clients.values()].map((client) => client.end())))
const { ownerUrl } = testDatabase()
beforeAll(async () => {
  for (const role of [...DATABASE_USERS, 'owner'] as const) {
    const client = new pg.Client({ connectionString: databaseUrlFor(role, ownerUrl) })
    await client.connect()
    clients.set(role, client)
  }
  // As the team's next migration may.
  await run('owner', 'create table public.made_later (id int generated always as identity, number serial, note text)')
})

async function run(role: DatabaseUser | 'owner', sql: string): Promise<pg.QueryResult['rows']> {
  const client = clients.get(role)
  if (!client) throw new Error(`${role} is not connected`)
  return (await client.query(sql)).rows
}

/** Every error other than "permission denied" counts as allowed. */
async function isAllowed(part: DatabaseUser, sql: string): Promise<boolean> {
  try {
    await run(part, 'begin')
    await run(part, sql)
    return true
  } catch (error) {
    return (error as { code?: string }).code !== '42501'
  } finally {
    await run(part, 'rollback')
  }
}

/** Tries all of them. Returns the names of those that were allowed. */
async function tryAll(part: DatabaseUser, statements: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const allowed: string[] = []
  for (const [name, sql] of Object.entries(statements)) if (await isAllowed(part, sql)) allowed.push(name)
  return allowed.sort()
}

interface Table {
  /** Of another table, whose privileges count. */
  readonly is_part: boolean
  /** A view that joins rows of several tables takes none. */
  readonly is_view: boolean
  readonly schema: string
  readonly name: string
  readonly columns: readonly string[]
}

const tables = async (): Promise<readonly Table[]> =>
  run(
    'owner',
    `select nspname as schema, relname as name, relkind = 'v' as is_view, relispartition as is_part, array_agg(attname::text order by attnum) as columns
     from pg_class join pg_namespace on pg_namespace.oid = relnamespace join pg_attribute on attrelid = pg_class.oid
     where nspname in ('ebb', 'public') and relkind in ('r', 'p', 'v', 'm', 'f') and attnum > 0 and not attisdropped
     group by nspname, relname, relkind, relispartition order by nspname, relname`,
  )

/** Each verb, of each column where it can be of one. */
const statementsFor = ({ schema, name, columns, is_view }: Table): Readonly<Record<string, string>> => {
  const table = `${schema}.${name}`
  const ofTable = {
    delete: `delete from ${table} where false`,
    truncate: `truncate ${table} cascade`,
    lock: `lock table ${table} in access exclusive mode`,
    alter: `alter table ${table} add column tried int`,
    drop: `drop table ${table} cascade`,
    index: `create index on ${table} (${columns[0]})`,
    trigger: `create trigger tried before insert on ${table} execute function suppress_redundant_updates_trigger()`,
    policy: `create policy tried on ${table}`,
    comment: `comment on table ${table} is 'tried'`,
    reindex: `reindex table ${table}`,
  }
  const ofColumns = columns.flatMap((column): [what: string, sql: string][] => [
    [`select ${column}`, `select ${column} from ${table} limit 0`],
    ...(is_view ? [] : writesTo(table, column)),
  ])
  return Object.fromEntries(
    [...(is_view ? [] : Object.entries(ofTable)), ...ofColumns].map(([what, sql]) => [`${what} of ${table}`, sql]),
  )
}

const writesTo = (table: string, column: string): [what: string, sql: string][] => [
  [`insert ${column}`, `insert into ${table} (${column}) values (default)`],
  [`update ${column}`, `update ${table} set ${column} = default where false`],
]

/** What is declared, in the words of `statementsFor`. */
function declaredFor(part: DatabaseUser, { schema, name, columns }: Table): readonly string[] {
  const isTeams = schema === 'public' && name !== 'schema_version' && part === 'functions'
  const privileges = isTeams
    ? ['select', 'insert', 'update', 'delete']
    : schema === 'ebb'
      ? (TABLE_PRIVILEGES[name]?.[part] ?? [])
      : []
  return privileges.flatMap((privilege) => {
    const [, verb = '', given] = /^(\w+)(?: \((.+)\))?$/.exec(privilege) ?? []
    // Whoever may delete rows may lock the table.
    const what = verb === 'delete' ? ['delete', 'lock'] : (given?.split(', ') ?? columns).map((of) => `${verb} ${of}`)
    return what.map((one) => `${one} of ${schema}.${name}`)
  })
}

it('every table and every routine of the platform is listed', async () => {
  const names = (await tables()).filter(({ schema, is_part }) => schema === 'ebb' && !is_part).map(({ name }) => name)
  expect(Object.keys(TABLE_PRIVILEGES).sort()).toEqual([...names].sort())
  expect(Object.keys(ROUTINE_PRIVILEGES).sort()).toEqual((await routines()).map(({ signature }) => signature).sort())
})

const routines = async (): Promise<readonly { signature: string; call: string }[]> =>
  run(
    'owner',
    `select format('%s(%s)', proname, oidvectortypes(proargtypes)) as signature,
            format('select ebb.%I(%s)', proname, (select string_agg('null::' || type::regtype, ', ') from unnest(proargtypes) as type)) as call
     from pg_proc where pronamespace = 'ebb'::regnamespace`,
  )

let tried = 0

describe.each(DATABASE_USERS)('as the role of %s', (part) => {
  const attempt = async (statements: Readonly<Record<string, string>>) => {
    tried += Object.keys(statements).length
    return tryAll(part, statements)
  }

  it('every table × every verb: what is declared, and nothing else', async () => {
    const all = await tables()
    const allowed = await attempt(Object.assign({}, ...all.map(statementsFor)))
    expect(allowed).toEqual(all.flatMap((table) => declaredFor(part, table)).sort())
  })

  it('every routine and every sequence', async () => {
    const called = (await routines()).map(({ signature, call }) => [signature, call])
    const declared = Object.keys(ROUTINE_PRIVILEGES).filter((signature) =>
      ROUTINE_PRIVILEGES[signature]?.includes(part),
    )
    expect(await attempt(Object.fromEntries(called))).toEqual(declared.sort())
    const sequences = await run('owner', `select format('%I.%I', schemaname, sequencename) as name from pg_sequences`)
    const used = sequences.map(({ name }) => [`nextval ${name}`, `select nextval('${name}')`])
    const set = sequences.map(({ name }) => [`setval ${name}`, `select setval('${name}', 7)`])
    const mayUse = part === 'functions' ? used.map(([name]) => name).filter((name) => name?.includes('public.')) : []
    expect(await attempt(Object.fromEntries([...used, ...set]))).toEqual(mayUse.sort())
  })

  it('nothing but tables', async () => {
    const statements = [
      ...[
        'create table ebb.mine (id int)',
        'create table public.mine (id int)',
        'create temporary table mine (id int)',
      ],
      ...[
        'create schema mine',
        'drop schema ebb cascade',
        'drop schema public cascade',
        'create view public.v as select 1',
      ],
      `create function public.mine() returns int language sql as 'select 1'`,
      `create or replace function ebb.find_answer(text, text, text, bytea) returns int language sql as 'select 1'`,
      'alter function ebb.claim_key security invoker',
      ...['create extension pg_trgm', 'create role mine', 'checkpoint'],
      ...['set role ebb', 'set role postgres', 'set session authorization postgres', 'grant ebb to current_user'],
      ...DATABASE_USERS.filter((other) => other !== part).map((other) => `set role ebb_${other}`),
      ...['select * from pg_authid', `select pg_read_file('/etc/hostname')`, `copy (select 1) to program 'true'`],
      ...[`select lo_import('/etc/hostname')`, `select pg_ls_dir('/')`, `alter database postgres set fsync = off`],
      `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'postgres'`,
    ]
    expect(await attempt(Object.fromEntries(statements.map((sql) => [sql, sql])))).toEqual([])
  })
})

it('all of them are some 1,700 statements', () => {
  expect(tried).toBeGreaterThan(1_500)
})

describe('a compromised function', () => {
  const claim = `'ada', 'place-order', 'key-1'`
  beforeAll(() =>
    run(
      'owner',
      `insert into ebb.idempotency (caller, route, key, fingerprint, status, headers, body) values (${claim}, '\\x01', 201, '{}', 'secret')`,
    ),
  )

  it.each(['find_answer', 'claim_key'])(
    'reads by %s no response to a request that it does not know',
    async (routine) => {
      const ask = (fingerprint: string) => run('functions', `select * from ebb.${routine}(${claim}, '${fingerprint}')`)
      expect(await ask('\\x02')).toEqual([{ outcome: 'mismatch', status: null, headers: null, body: null }])
      expect(await ask('\\x01')).toMatchObject([{ outcome: 'finished', status: 201, body: Buffer.from('secret') }])
    },
  )

  it('changes no stored response', async () => {
    const again = `insert into ebb.idempotency (caller, route, key, fingerprint, status, headers, body) values (${claim}, '\\x01', 500, '{}', '')`
    await expect(run('functions', again)).rejects.toMatchObject({ code: '23505' })
    await expect(run('functions', "update ebb.idempotency set body = ''")).rejects.toThrow('permission denied')
  })

  it('cannot put an operator of its own between the platform`s routines and their tables', async () => {
    // Where it may create a schema, the routines do not look there.
    const [made] = await run('owner', `select proconfig from pg_proc where proname = 'claim_key' and prosecdef`)
    expect(made).toEqual({ proconfig: ['search_path=pg_catalog, pg_temp'] })
  })
})
