import { afterEach, describe, expect, it } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import pg from 'pg'
import { createPreviewDatabase, dropPreviewDatabase, type Passwords, previewsOfServer } from './preview-database.ts'
import { type PreviewNames, previewNames, type Role } from './preview-names.ts'

const { ownerUrl } = testDatabase()
const PASSWORDS: Passwords = { owner: 'o1', gateway: 'g1', relay: 'r1', functions: 'f1' }

async function connect(database: string, login: { readonly username?: string; readonly password?: string } = {}) {
  const url = Object.assign(new URL(ownerUrl), { pathname: `/${database}`, ...login })
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  return client
}
async function query(names: PreviewNames, text: string, role?: Role): Promise<unknown[]> {
  const login = role === undefined ? {} : { username: names.roles[role], password: PASSWORDS[role] }
  const client = await connect(names.database, login)
  // Of several statements it has a result each.
  const results = [await client.query({ text, rowMode: 'array' }).finally(() => client.end())].flat()
  return results.at(-1)?.rows.flat() ?? []
}

const made: PreviewNames[] = []
afterEach(async () => {
  for (const names of made.splice(0)) await dropPreviewDatabase(connect, names)
})
async function create(name: string, template?: string): Promise<PreviewNames> {
  const names = previewNames(name)
  if (!made.some((one) => one.name === name)) made.push(names)
  await createPreviewDatabase(connect, names, { passwords: PASSWORDS, template, readsChanges: false })
  return names
}

describe('the database of a preview', () => {
  it('is its owner’s, and closed to everybody but its roles; made again, it keeps its content', async () => {
    const names = await create('pr-1')
    await query(names, 'create table note (text text); insert into note values ($$kept$$)', 'owner')
    await create('pr-1')
    expect(await query(names, 'select text from note', 'owner')).toEqual(['kept'])
    expect(await query(names, 'select 1', 'functions')).toEqual([1])
    const other = await create('pr-2')
    const stranger = connect(other.database, { username: names.roles.owner, password: PASSWORDS.owner })
    await expect(stranger).rejects.toThrow(/permission denied for database/)
  })

  it('is made anew where a run was ended before it was whole', async () => {
    const names = await create('pr-1')
    await query(names, 'create table half (); ')
    await query(names, `alter database ${names.database} owner to current_user`)
    await create('pr-1')
    expect(await query(names, "select to_regclass('half')", 'owner')).toEqual([null])
  })

  it('is a copy of a template that is its owner’s, too, and lets the roles of the template go', async () => {
    const seed = await create('seed')
    const grant = `grant select on note to ${seed.roles.functions}`
    await query(seed, `create table note (text text); insert into note values ($$seed$$); ${grant}`, 'owner')
    const copy = await create('pr-1', seed.database)
    expect(await query(copy, 'alter table note add column more int; select text from note', 'owner')).toEqual(['seed'])
    expect(await query(seed, 'select text from note', 'functions')).toEqual(['seed'])
    expect(await query(seed, 'create table still_mine (); select 1', 'owner')).toEqual([1])
    await dropPreviewDatabase(connect, seed)
    expect(await query(copy, 'select text from note', 'owner')).toEqual(['seed'])
    expect(await previewsOfServer(connect)).toEqual(['pr-1'])
  })

  it('is refused a template that is not there with one sentence', async () => {
    await expect(create('pr-1', 'preview_sede')).rejects.toThrow(
      '--template: the server of the previews has no database preview_sede',
    )
  })

  it('goes with its roles, whoever is connected, also where its log is being read; and again', async () => {
    const names = await create('pr-1')
    const user = await connect(names.database)
    const ended = new Promise((resolve) => user.on('error', resolve))
    await user.query("select pg_create_logical_replication_slot('preview_pr_1_slot', 'pgoutput')")
    await dropPreviewDatabase(connect, names)
    await dropPreviewDatabase(connect, names)
    await ended
    expect(await previewsOfServer(connect)).toEqual([])
    const server = await connect('postgres')
    const slots = await server.query('select from pg_replication_slots where slot_name = $1', ['preview_pr_1_slot'])
    await server.end()
    expect(slots.rowCount).toBe(0)
  })
})
