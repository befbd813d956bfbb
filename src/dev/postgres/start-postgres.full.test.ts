import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { ConfigError } from '../../kernel/index.ts'
import { identifyProcess } from '../processes/leftovers.ts'
import { startPostgres } from './index.ts'
import { processesNaming, query, scratchFolder, until } from './test-support.ts'

const scratch = scratchFolder()
const folder = join(scratch.path, 'main')

afterAll(async () => {
  expect(await scratch.remove()).toEqual([])
})

describe('startPostgres', () => {
  it('keeps the data over a restart, and refuses logins without the password', async () => {
    const first = await startPostgres(folder)
    await query(first.url, 'create table kept (n int); insert into kept values (7)')
    const wrong = first.url.replace(/ebb:[^@]+@/, 'ebb:wrong@')
    await expect(query(wrong, 'select 1')).rejects.toMatchObject({ code: '28P01' })
    await expect(query(first.adminUrl.replace(/:[^:@]+@/, ':wrong@'), 'select 1')).rejects.toMatchObject({
      code: '28P01',
    })
    await first.stop()
    expect(await first.exited).toEqual({ code: 0, signal: null })
    expect(await identifyProcess(first.pid)).toBeUndefined()
    const second = await startPostgres(folder)
    expect(await query(second.url, 'select n from kept')).toEqual([{ n: 7 }])
    expect(new URL(second.url).password).toBe(new URL(first.url).password)
    await second.stop()
    await second.stop()
  })

  it('has the promised settings, role, database and files', async () => {
    const log: string[] = []
    const running = await startPostgres(folder, { log: (line) => log.push(line), settings: { work_mem: '7MB' } })
    const names = 'fsync listen_addresses unix_socket_directories max_connections TimeZone work_mem server_encoding'
    const settings = await query(
      running.adminUrl,
      `select name, setting from pg_settings where name in (${names.split(' ').map((n) => `'${n}'`)})`,
    )
    expect(Object.fromEntries(settings.map(({ name, setting }) => [name, setting]))).toEqual({
      fsync: 'on',
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      max_connections: '200',
      TimeZone: 'UTC',
      work_mem: '7168',
      server_encoding: 'UTF8',
    })
    expect(await query(running.adminUrl, 'select type, address, auth_method from pg_hba_file_rules')).toEqual([
      { type: 'host', address: '127.0.0.1', auth_method: 'scram-sha-256' },
    ])
    await query(running.url, 'create table owned (id int); drop table owned')
    await query(running.url, 'create database another')
    await query(running.url, 'drop database another')
    expect(await query(running.url, "select upper('ä') as up, rolsuper from pg_roles where rolname = 'ebb'")).toEqual([
      { up: 'Ä', rolsuper: false },
    ])
    expect(statSync(join(folder, 'cluster/passwords.json')).mode & 0o777).toBe(0o600)
    expect(log).toEqual([])
    await query(running.url, "do $$ begin raise warning 'look here'; end $$")
    await until('the warning is logged', () => log.some((line) => line === 'WARNING:  look here'))
    await running.stop()
  })

  it('works below a path with blanks and quotes of more than 200 bytes', async () => {
    const deep = join(scratch.path, "it's a “long” path", 'x'.repeat(120), 'y z'.repeat(30))
    expect(Buffer.byteLength(deep)).toBeGreaterThan(200)
    const running = await startPostgres(deep)
    expect(await query(running.url, 'select 1 as one')).toEqual([{ one: 1 }])
    await running.stop()
  })

  it('reports how the postmaster was killed, and starts again as soon as its last backend has ended', async () => {
    const first = await startPostgres(folder)
    await query(first.url, 'create table crashed (n int); insert into crashed values (1)')
    const busy = 'do $$ declare n bigint := 0; begin for i in 1..40000000 loop n := n + i; end loop; end $$'
    const cut = query(first.url, busy).catch((error: Error) => error)
    await until('a backend is busy', async () => {
      const seen = await query(
        first.adminUrl,
        "select 1 from pg_stat_activity where state = 'active' and query like 'do %'",
      )
      return seen.length === 1
    })
    process.kill(first.pid, 'SIGKILL')
    expect(await first.exited).toEqual({ code: null, signal: 'SIGKILL' })
    const second = await startPostgres(folder)
    expect(await query(second.url, 'select n from crashed')).toEqual([{ n: 1 }])
    await second.stop()
    await cut
  })

  it('refuses a second start while the first one lives, in one sentence', async () => {
    const running = await startPostgres(folder)
    const refused = startPostgres(folder)
    await expect(refused).rejects.toThrow(ConfigError)
    await expect(refused).rejects.toThrow(`is in use by process ${process.pid}: stop that one first`)
    expect(await query(running.url, 'select 1 as one')).toEqual([{ one: 1 }])
    await running.stop()
  })

  it('leaves nothing incomplete if the start is aborted during initdb', async () => {
    const path = join(scratch.path, 'given-up')
    const giveUp = new AbortController()
    const start = startPostgres(path, { signal: giveUp.signal })
    const refused = expect(start).rejects.toThrow('not now')
    await until('initdb is at work', () => existsSync(path) && readdirSync(path).some((n) => n.startsWith('partial-')))
    giveUp.abort(new Error('not now'))
    await refused
    expect(readdirSync(path)).toEqual([])
    await until('initdb has ended', () => processesNaming(path).length === 0)
  })

  it('explains another major version, and damaged data', async () => {
    const version = join(folder, 'cluster/data/PG_VERSION')
    const control = join(folder, 'cluster/data/global/pg_control')
    writeFileSync(version, '15\n')
    await expect(startPostgres(folder)).rejects.toThrow('were made by Postgres 15, and this is Postgres 18: dump them')
    writeFileSync(version, '18\n')
    const kept = readFileSync(control)
    writeFileSync(control, Buffer.alloc(kept.length))
    await expect(startPostgres(folder)).rejects.toThrow(`The Postgres data of ${folder} are damaged: restore them`)
    writeFileSync(control, kept)
    await (await startPostgres(folder)).stop()
  })
})
