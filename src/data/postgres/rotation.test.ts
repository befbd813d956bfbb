import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals'
import { createLog, liveSetting, parseConfig } from 'ebb/kernel'
import { testDatabase } from 'ebb/testing'
import pg from 'pg'
import { mountSecret } from '../../../test/support/mounted-secret.ts'
import { untilTrue } from '../../../test/support/until.ts'
import { createDatabaseAddress } from './database-address.ts'
import { openListener } from './listener.ts'
import { createPool } from './pool.ts'
import { queryWithTimeout } from './with-connection.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})
let admin: pg.Pool
// Hooks run in order: every connection is closed before the database is dropped.
afterAll(() => admin.end())
const database = testDatabase()
beforeAll(() => {
  admin = new pg.Pool({ connectionString: database.ownerUrl, max: 2 })
})

const log = createLog({ level: 'silent' })
const ROLES = ['ebb_test_rotated', 'ebb_test_rotated_b'] as const

/** Two roles of this test's own, and the address of this test's database for each password. */
async function createRoles() {
  for (const role of ROLES) await admin.query(`drop role if exists ${role}; create role ${role} login password 'first'`)
  const name = new URL(database.ownerUrl).pathname.slice(1)
  await admin.query(`grant connect on database ${name} to ${ROLES.join()}`)
  closers.push(() => admin.query(`drop owned by ${ROLES.join()}; drop role ${ROLES.join()}`).then(() => undefined))
  return (password: string, role: string = ROLES[0]) =>
    Object.assign(new URL(database.ownerUrl), { username: role, password }).href
}

const setPassword = (password: string) => admin.query(`alter role ${ROLES[0]} password '${password}'`)

/** An address that a mounted Secret holds. */
function followFile(url: string) {
  const secret = mountSecret({ url })
  closers.push(secret.remove)
  const config = parseConfig({ DATABASE_URL_FILE: secret.file('url') })
  const address = createDatabaseAddress(liveSetting(config, 'DATABASE_URL', log), { log })
  closers.push(address.close)
  return { address, replace: (next: string) => secret.replace({ url: next }) }
}

/** Callers of a pool who need a new connection every other time. */
function startLoad(pool: pg.Pool) {
  const failures: unknown[] = []
  let done = 0
  let over = false
  const call = async () => {
    for (let i = 0; !over; i++) {
      try {
        if (i % 2) await queryWithTimeout(pool, 10_000, (client) => client.query('select 1'))
        else {
          const client = await pool.connect()
          client.release(true)
        }
      } catch (error) {
        failures.push(error)
      }
      done++
    }
  }
  const callers = [call(), call(), call()]
  const more = (count: number) => {
    const target = done + count
    return untilTrue(() => done >= target, { what: `${count} more calls` })
  }
  return {
    more,
    end: async () => {
      over = true
      await Promise.all(callers)
      return failures
    },
  }
}

it.each([
  ['in the database first', true],
  ['in the file first', false],
])('0 failures while a password changes %s', async (_order, isDatabaseFirst) => {
  const urlOf = await createRoles()
  const { address, replace } = followFile(urlOf('first'))
  const pool = createPool(address, { max: 4, log })
  closers.push(() => pool.end())
  const load = startLoad(pool)
  await load.more(20)
  const steps = [() => setPassword('second'), async () => replace(urlOf('second'))]
  const [one, other] = isDatabaseFirst ? steps : steps.reverse()
  await one?.()
  // Where the database has the new password already, each new connection waits for the file.
  if (!isDatabaseFirst) {
    await address.refused()
    await load.more(40)
  }
  await other?.()
  await untilTrue(() => address.current() === urlOf('second'), { what: 'the new password in use' })
  await load.more(40)
  expect(await load.end()).toEqual([])
})

it('what is connected by an old login is closed when it is free, and not before', async () => {
  const urlOf = await createRoles()
  const { address, replace } = followFile(urlOf('first'))
  const pool = createPool(address, { max: 3, log })
  closers.push(() => pool.end())
  const [busy, idle] = await Promise.all([pool.connect(), pool.connect()])
  idle.release()
  const heard: string[] = []
  const channel = openListener(address, ['rotation'], { onNotify: (_channel, text) => heard.push(text), log })
  closers.push(channel.close)
  const users = async () => {
    const { rows } = await admin.query<{ usename: string; n: number }>(
      `select usename, count(*)::int n from pg_stat_activity where usename = any($1) group by 1 order by 1`,
      [ROLES],
    )
    return Object.fromEntries(rows.map(({ usename, n }) => [usename, n]))
  }
  await untilTrue(async () => (await users())[ROLES[0]] === 3, { what: 'three connections' })
  replace(urlOf('first', ROLES[1]))
  await untilTrue(async () => (await users())[ROLES[0]] === 1, { what: 'only the busy one of the old role' })
  expect((await busy.query('select current_user as role')).rows).toEqual([{ role: ROLES[0] }])
  busy.release()
  expect((await pool.query('select current_user as role')).rows).toEqual([{ role: ROLES[1] }])
  await untilTrue(async () => (await users())[ROLES[0]] === undefined, { what: 'none of the old role' })
  await untilTrue(
    async () => {
      await admin.query(`notify rotation, 'hello'`)
      return heard.length > 0
    },
    { what: 'the channel listens by the new role' },
  )
})

it('an address that does not work is not used', async () => {
  const urlOf = await createRoles()
  const { address, replace } = followFile(urlOf('first'))
  const pool = createPool(address, { max: 2, log })
  closers.push(() => pool.end())
  await pool.query('select 1')
  replace(urlOf('wrong'))
  await address.refused()
  expect(address.current()).toBe(urlOf('first'))
  expect((await pool.query('select 1')).rowCount).toBe(1)
})
