import { afterAll, expect, it } from '@jest/globals'
import { createLog, parseConfig } from '../kernel/index.ts'
import { testDatabase } from '../testing/index.ts'
import { databaseUrlFor } from '../testing/test-database.ts'
import { createPool } from './postgres/pool.ts'
import { readSecretAges, recordSecrets } from './secret-ages.ts'
import { collectLog } from './test-support.ts'

// Hooks run in the order in which they are declared: the pools let go before the database is dropped.
afterAll(() => Promise.all(Object.values(pools).map((pool) => pool.end())))
const { ownerUrl } = testDatabase()
const log = createLog({ level: 'silent' })
const poolOf = (part: 'gateway' | 'relay') => createPool(databaseUrlFor(part, ownerUrl), { max: 1, log })
const pools = { gateway: poolOf('gateway'), relay: poolOf('relay') }

const SECRETS = { EBB_KEY_PEPPER: 'p'.repeat(40), EBB_ADMIN_KEY: 'a'.repeat(40) }

/** A process that starts with these settings, and what is known of all secrets then. */
async function start(part: 'gateway' | 'relay', env: Readonly<Record<string, string>>) {
  const said = collectLog()
  await recordSecrets(pools[part], { part, config: parseConfig(env), log: said.log }).close()
  expect(said.lines).toEqual([])
  const { rows } = await pools.relay.query('select part, setting, since::text from ebb.secret_age')
  return new Map(rows.map(({ part, setting, since }) => [`${part} ${setting}`, since]))
}

it('a secret is as old as it was first seen, and young again where it was replaced', async () => {
  const first = await start('gateway', SECRETS)
  expect([...first.keys()].sort()).toEqual(['gateway EBB_ADMIN_KEY', 'gateway EBB_KEY_PEPPER'])
  expect(await start('gateway', SECRETS)).toEqual(first)
  const second = await start('gateway', { ...SECRETS, EBB_ADMIN_KEY: 'b'.repeat(40) })
  expect(second.get('gateway EBB_KEY_PEPPER')).toBe(first.get('gateway EBB_KEY_PEPPER'))
  expect(second.get('gateway EBB_ADMIN_KEY') > first.get('gateway EBB_ADMIN_KEY')).toBe(true)
  await pools.gateway.query(
    `update ebb.secret_age set since = now() - interval '400 days' where setting = 'EBB_KEY_PEPPER'`,
  )
  const ages = await readSecretAges(pools.relay)
  expect(ages.find(({ setting }) => setting === 'EBB_KEY_PEPPER')?.seconds).toBeGreaterThanOrEqual(400 * 86_400)
})

it('what a part has no more is forgotten, and no other part', async () => {
  const password = { DATABASE_URL: 'postgres://relay:relay-password@db/ebb' }
  await start('gateway', SECRETS)
  await start('relay', password)
  const after = await start('gateway', { EBB_ADMIN_KEY: SECRETS.EBB_ADMIN_KEY })
  expect([...after.keys()].sort()).toEqual(['gateway EBB_ADMIN_KEY', 'relay DATABASE_URL'])
})

it('the database learns four digits of it, and no password is no secret', async () => {
  await start('relay', { DATABASE_URL: 'postgres://relay@db/ebb', EBB_CALLBACK_SECRET: `whsec_${'A'.repeat(43)}=` })
  const { rows } = await pools.relay.query(`select setting, fingerprint from ebb.secret_age where part = 'relay'`)
  expect(rows).toEqual([{ setting: 'EBB_CALLBACK_SECRET', fingerprint: expect.stringMatching(/^[0-9a-f]{4}$/) }])
})
