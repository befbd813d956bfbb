import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, expect, it } from '@jest/globals'
import { createLog } from 'ebb/kernel'
import { testDatabase } from 'ebb/testing'
import pg from 'pg'
import { TEST_PROJECT } from '../../test/support/project.ts'
import { startTcpProxy, throughProxy } from '../../test/support/tcp-proxy.ts'
import { untilTrue } from '../../test/support/until.ts'
import { migrateWhenAvailable } from './migrate-when-available.ts'

const folders = { platform: 'src/data/migrations', team: join(TEST_PROJECT, 'domain/migrations') }
const log = createLog({ level: 'silent' })
const ROLE = 'ebb_migrate_test'

// Hooks run in the order in which they are declared: the role lets go before the database is dropped.
afterAll(() => run(`drop owned by ${ROLE}; drop role ${ROLE}`))
const database = testDatabase()
const run = async (text: string, url = database.ownerUrl) => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return client.query(text).finally(() => client.end())
}

it('gives a role the rows and not the tables', async () => {
  await run(
    `create role ${ROLE} login password 'secret'; grant connect on database "${new URL(database.ownerUrl).pathname.slice(1)}" to ${ROLE}`,
  )
  await migrateWhenAvailable(database.ownerUrl, { ...folders, log, grantTo: ROLE })
  const url = new URL(database.ownerUrl)
  Object.assign(url, { username: ROLE, password: 'secret' })
  expect((await run('select count(*) from products', url.href)).rowCount).toBe(1)
  await run(`delete from ebb.inbox`, url.href)
  await expect(run('delete from ebb.schema_version', url.href)).rejects.toThrow('permission denied')
  await expect(run('alter table products add column x int', url.href)).rejects.toThrow('must be owner')
  await expect(run('create table ebb.y (x int)', url.href)).rejects.toThrow('permission denied')
  await expect(run('create table y (x int)', url.href)).rejects.toThrow('permission denied')
})

it('waits until the database answers', async () => {
  const { port, hostname } = new URL(database.ownerUrl)
  let attempts = 0
  const door = createServer((near) => {
    attempts++
    if (attempts < 3) return near.destroy()
    near.pipe(connect(Number(port), hostname)).pipe(near)
  }).listen(0, '127.0.0.1')
  await once(door, 'listening')
  const url = new URL(database.ownerUrl)
  // A server that listens on a port has an address.
  url.port = String((door.address() as AddressInfo).port)
  expect(await migrateWhenAvailable(url.href, { ...folders, log })).toEqual([])
  expect(attempts).toBe(3)
  door.close()
})

it('waits where the host takes a connection and says nothing', async () => {
  const { port, hostname } = new URL(database.ownerUrl)
  const proxy = await startTcpProxy({ host: hostname, port: Number(port) })
  proxy.silence()
  const migrating = migrateWhenAvailable(throughProxy(database.ownerUrl, proxy), { ...folders, log })
  await untilTrue(() => proxy.firstWords.length > 0, { what: 'an attempt' })
  proxy.clear()
  expect(await migrating).toEqual([])
  await proxy.close()
}, 60_000)

it('fails at once where the server answers and refuses', async () => {
  const wrong = new URL(database.ownerUrl)
  wrong.password = 'wrong'
  await expect(migrateWhenAvailable(wrong.href, { ...folders, log })).rejects.toThrow('password authentication failed')
  const missing = new URL(database.ownerUrl)
  missing.pathname = '/missing'
  await expect(migrateWhenAvailable(missing.href, { ...folders, log })).rejects.toThrow('"missing" does not exist')
})

it('fails at once where a migration does', async () => {
  const failing = migrateWhenAvailable(database.ownerUrl, { ...folders, log, grantTo: 'no-such-role' })
  await expect(failing).rejects.toThrow('does not exist')
})
