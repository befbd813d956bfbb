import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, expect, it, jest } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import pg from 'pg'
import { followObjectAddress } from '../../src/data/objects/object-address.ts'
import { openObjectStore } from '../../src/data/objects/object-store.ts'
import { removeExpired } from '../../src/data/objects/remove-expired.ts'
import { openObjectFiles } from '../../src/dev/objects/object-files.ts'
import { openPartUploads } from '../../src/dev/objects/part-uploads.ts'
import { findFreePort } from '../../src/dev/ports.ts'
import { createLog, parseConfig } from '../../src/kernel/index.ts'
import { SEED } from '../support/seed.ts'

/** A hundred processes start. */
jest.setTimeout(900_000)

/** EBB_TEST_KILLS=100 takes two minutes. */
const KILLS = Number(process.env.EBB_TEST_KILLS ?? 30)
/** Of a hundred, as one kills what most likely dies: functions, then the store, then relays. */
const VICTIMS = [...Array(70).fill('function'), ...Array(15).fill('store'), ...Array(15).fill('relay')] as const

// Hooks run in the order in which they are declared: all is closed before the database is dropped.
afterAll(async () => {
  for (const child of children.values()) child.kill('SIGKILL')
  await pool.end()
  await rm(await folder, { recursive: true })
})
const { url, ownerUrl } = testDatabase()
const pool = new pg.Pool({ connectionString: ownerUrl, max: 1 })
const folder = mkdtemp(join(tmpdir(), 'ebb-killed-'))
const children = new Map<string, ChildProcess>()

async function begin(
  name: string,
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
) {
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH ?? '', NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? '', ...env },
  })
  children.set(name, child)
  await once(child.stdout, 'data')
}

async function kill(name: string) {
  const child = children.get(name)
  if (!child) throw new Error(`${name} does not run`)
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

it(`after ${KILLS} kills at random points there is no object without a row, and no row without its object`, async () => {
  await pool.query(`
    create table thing (id uuid primary key references ebb.object (id) on delete cascade, stored boolean not null default false);
    create table told (id uuid primary key);
    grant all on thing, told to public`)
  const port = await findFreePort()
  const objectsUrl = `http://laptop:a-secret@127.0.0.1:${port}/objects`
  const env = { DATABASE_URL: url, DATABASE_DIRECT_URL: ownerUrl, EBB_OBJECTS_URL: objectsUrl, EBB_POOL_MAX: '8' }
  const root = await folder
  const start: Readonly<Record<string, () => Promise<void>>> = {
    store: () => begin('store', 'test/files/keep-store.ts', [root, String(port)]),
    relay: () => begin('relay', 'test/files/store-until-killed.ts', ['relay'], env),
    function: () => begin('function', 'test/files/store-until-killed.ts', ['function'], env),
  }
  for (const one of ['store', 'relay', 'function']) await start[one]?.()
  let state = SEED
  const random = () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
  for (let kills = 0; kills < KILLS; kills++) {
    // What is waited for is a random point of what they do.
    await delay(random() * 300)
    const victim = VICTIMS[Math.floor(random() * VICTIMS.length)] ?? 'function'
    await kill(victim)
    await start[victim]?.()
  }
  await kill('function')
  await kill('relay')
  await pool.query(
    `select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
  )
  // A day later.
  await pool.query(`update ebb.object set expires_at = now() - interval '1 day'`)
  const store = openObjectStore(followObjectAddress(parseConfig(env), createLog({ level: 'silent' })))
  for (let removed = 1; removed > 0; ) {
    const round = await removeExpired(pool, store, { lateSeconds: 0, limit: 100, limitMs: 10_000 })
    expect(round.errors).toEqual([])
    removed = round.removed
  }
  await kill('store')
  const idsOf = async (text: string) => (await pool.query<{ id: string }>(text)).rows.map(({ id }) => id).sort()
  expect(openPartUploads(root).list('')).toEqual([])
  const files = await openObjectFiles(root, () => false)
  const inStore = [...(await files.keys())].sort()
  const rows = await idsOf('select id from ebb.object')
  expect(inStore.filter((id) => !rows.includes(id))).toEqual([])
  expect(rows.filter((id) => !inStore.includes(id))).toEqual([])
  expect(await idsOf(`select id from ebb.object where state = 'stored'`)).toEqual(rows)
  expect(await idsOf('select id from thing where stored')).toEqual(rows)
  expect(await idsOf('select id from thing')).toEqual(rows)
  // Each was told of once, those that were deleted since as well.
  expect(await idsOf(`select id from ebb.object where id not in (select id from told)`)).toEqual([])
  expect(await readdir(join(root, 'contents'))).toHaveLength(rows.length)
  const told = (await idsOf('select id from told')).length
  process.stderr.write(`after ${KILLS} kills: ${rows.length} objects are there, of ${told} that were stored\n`)
  expect(told).toBeGreaterThan(KILLS)
})
