import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { generateIdentityKeys } from 'ebb/protocol'
import { testDatabase } from 'ebb/testing'
import pg from 'pg'
import { createKey } from '../../src/data/keys/api-keys.ts'
import { databaseUrlFor } from '../../src/testing/test-database.ts'
import { untilTrue } from '../support/until.ts'
import { PARTS, type Part, type Settings, startMountedPlatform } from './mounted-platform.ts'

const LIMIT_MS = 120_000
const PEPPERS = ['p'.repeat(32), 'q'.repeat(32)] as const
const ADMIN_KEYS = ['admin-key-of-before', 'admin-key-of-after'] as const
/** Roles of this file's own: the other files' would lose their connections. */
const LOGINS = {
  gateway: 'ebb_rotated_gateway',
  relay: 'ebb_rotated_relay',
  functions: 'ebb_rotated_functions',
} as const
type Login = keyof typeof LOGINS
const loginOf = (part: Part): Login => (part === 'gateway' || part === 'relay' ? part : 'functions')

let admin: pg.Pool
let platform: Awaited<ReturnType<typeof startMountedPlatform>>
let apiKey: string
// Hooks run in order: everything lets go of the database before it is dropped.
afterAll(async () => {
  await platform?.close()
  await untilTrue(dropRoles, { what: 'the roles can be dropped' })
  await admin.end()
})
const database = testDatabase()
const keys = await generateIdentityKeys()

const roles = Object.values(LOGINS).join()
const dropRoles = () =>
  admin.query(`drop owned by ${roles}; drop role ${roles}`).then(
    () => true,
    () => false,
  )
const urlOf = (login: Login, password: string) =>
  Object.assign(new URL(database.ownerUrl), { username: LOGINS[login], password }).href
const setPasswords = (password: string) =>
  admin.query(
    Object.values(LOGINS)
      .map((role) => `alter role ${role} password '${password}'`)
      .join('; '),
  )
const mountPasswords = (password: string) => {
  for (const part of PARTS) mount(part, { DATABASE_URL: urlOf(loginOf(part), password) })
}

const mounted = new Map<Part, Settings>()
/** Replaces some of a part's settings, and keeps the others. */
function mount(part: Part, next: Settings) {
  mounted.set(part, { ...mounted.get(part), ...next })
  platform.mount(part, mounted.get(part) ?? {})
}

beforeAll(async () => {
  admin = new pg.Pool({ connectionString: database.ownerUrl, max: 3 })
  for (const [login, role] of Object.entries(LOGINS)) {
    const { username } = new URL(databaseUrlFor(login as Login, database.url))
    await admin.query(`create role ${role} login password 'first-password' in role ${username}`)
  }
  await admin.query('create table notes (text text not null); create table heard (text text not null)')
  await admin.query(`grant all on notes, heard to ${LOGINS.functions}`)
  const identity = { EBB_IDENTITY_JWKS: JSON.stringify(keys.jwks) }
  const database_ = (part: Part) => ({ DATABASE_URL: urlOf(loginOf(part), 'first-password') })
  const settings = {
    gateway: {
      ...{ ...database_('gateway'), EBB_IDENTITY_KEY: JSON.stringify(keys.gateway) },
      ...{ EBB_KEY_PEPPER: PEPPERS[0], EBB_KEY_PEPPER_PREVIOUS: '' },
      ...{ EBB_ADMIN_KEY: ADMIN_KEYS[0], EBB_ADMIN_KEY_PREVIOUS: '' },
    },
    relay: { ...database_('relay'), EBB_IDENTITY_KEY: JSON.stringify(keys.relay) },
    'keep-note': { ...database_('keep-note'), ...identity },
    'hear-note': { ...database_('hear-note'), ...identity },
  }
  for (const part of PARTS) mounted.set(part, settings[part])
  const created = await createKey(admin, PEPPERS[0], { subject: 'ann', scopes: [], actor: 'test' })
  apiKey = created.token
  platform = await startMountedPlatform(settings)
})

/** Callers who send one note after the other; more of them need more connections. */
function startLoad() {
  const statuses = new Map<number, number>()
  let sent = 0
  let over = false
  const callers: Promise<void>[] = []
  const call = async () => {
    while (!over) {
      const { status } = await fetch(platform.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-api-key': apiKey },
        body: JSON.stringify({ text: `note-${sent++}` }),
      })
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
  }
  return {
    addCallers: (count: number) => void callers.push(...Array.from({ length: count }, call)),
    more: (count: number) => {
      const target = sent + count
      return untilTrue(() => sent >= target, { what: `${count} more notes`, limitMs: LIMIT_MS })
    },
    end: async () => {
      over = true
      await Promise.all(callers)
      return { sent, statuses: Object.fromEntries(statuses) }
    },
  }
}

const USED = 'new database connections use the new address'
const untilUsed = (times: number) =>
  untilTrue(() => PARTS.every((part) => platform.lines(part).filter(({ msg }) => msg === USED).length >= times), {
    ...{ what: 'every part uses the new password', limitMs: LIMIT_MS },
  })
const REFUSED = 'the new address of the database does not work yet; the old one stays in use'

it('a database password rotates under load, in either order, and no request and no event notices', async () => {
  const load = startLoad()
  load.addCallers(1)
  await load.more(20)
  await setPasswords('second-password')
  load.addCallers(3)
  mountPasswords('second-password')
  await untilUsed(1)
  await load.more(50)
  mountPasswords('third-password')
  await untilTrue(() => PARTS.every((part) => platform.lines(part).some(({ msg }) => msg === REFUSED)), {
    ...{ what: 'every part has tried the password of the file', limitMs: LIMIT_MS },
  })
  load.addCallers(3)
  await load.more(50)
  await setPasswords('third-password')
  await untilUsed(2)
  load.addCallers(3)
  await load.more(50)
  const { sent, statuses } = await load.end()
  process.stderr.write(`${sent} requests while passwords changed: ${JSON.stringify(statuses)}\n`)
  expect(statuses).toEqual({ 201: sent })
  const deliveries = async () =>
    (await admin.query('select state, attempts, count(*)::int n from ebb.delivery_state group by 1, 2')).rows
  const all = [{ state: 'done', attempts: 1, n: sent }]
  await untilTrue(async () => JSON.stringify(await deliveries()) === JSON.stringify(all), {
    ...{ what: 'each event was heard at the first attempt', limitMs: LIMIT_MS },
  })
}, 300_000)

it('signing keys rotate in one step, whichever part learns of it first', async () => {
  const next = await generateIdentityKeys()
  const jwks = JSON.stringify({ keys: [...keys.jwks.keys, ...next.jwks.keys] })
  const load = startLoad()
  load.addCallers(4)
  await load.more(20)
  const used = (part: Part, setting: string) =>
    untilTrue(() => platform.lines(part).some((line) => line.setting === setting), { what: `${setting} of ${part}` })
  mount('gateway', { EBB_IDENTITY_KEY: JSON.stringify(next.gateway) })
  mount('relay', { EBB_IDENTITY_KEY: JSON.stringify(next.relay) })
  await Promise.all([used('gateway', 'EBB_IDENTITY_KEY'), used('relay', 'EBB_IDENTITY_KEY')])
  await load.more(50)
  for (const part of ['keep-note', 'hear-note'] as const) mount(part, { EBB_IDENTITY_JWKS: jwks })
  await Promise.all([used('keep-note', 'EBB_IDENTITY_JWKS'), used('hear-note', 'EBB_IDENTITY_JWKS')])
  await load.more(50)
  const { sent, statuses } = await load.end()
  expect(statuses).toEqual({ 201: sent })
}, 300_000)

it('a key that was made under the old pepper stays good, and both admin keys do', async () => {
  const ask = async (key: string) =>
    (await fetch(`${platform.admin}/v1/keys`, { headers: { authorization: `Bearer ${key}` } })).status
  mount('gateway', {
    ...{ EBB_KEY_PEPPER: PEPPERS[1], EBB_KEY_PEPPER_PREVIOUS: PEPPERS[0] },
    ...{ EBB_ADMIN_KEY: ADMIN_KEYS[1], EBB_ADMIN_KEY_PREVIOUS: ADMIN_KEYS[0] },
  })
  await untilTrue(async () => (await ask(ADMIN_KEYS[1])) === 200, { what: 'the new admin key' })
  expect(await ask(ADMIN_KEYS[0])).toBe(200)
  await untilTrue(() => platform.lines('gateway').some(({ setting }) => setting === 'EBB_KEY_PEPPER'), {
    what: 'the new pepper',
  })
  const load = startLoad()
  load.addCallers(1)
  await load.more(5)
  expect(Object.keys((await load.end()).statuses)).toEqual(['201'])
  mount('gateway', { EBB_ADMIN_KEY_PREVIOUS: '' })
  await untilTrue(async () => (await ask(ADMIN_KEYS[0])) === 401, { what: 'the old admin key is refused' })
}, 300_000)
