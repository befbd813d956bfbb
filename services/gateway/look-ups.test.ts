import { afterAll, expect, it } from '@jest/globals'
import { createLog } from 'ebb/kernel'
import { createKey, makeToken } from '../../src/data/api-keys.ts'
import { createPool } from '../../src/data/pool.ts'
import { testDatabase } from '../../src/dev/testing/index.ts'
import { createLookUps } from './look-ups.ts'
import { PEPPER } from './test-support.ts'

afterAll(() => pool.end())
const database = testDatabase()
const pool = createPool(database.ownerUrl, { log: createLog({ level: 'silent' }) })

let connectionsTaken = 0
pool.on('acquire', () => connectionsTaken++)

/** Look-ups, and how many queries they have made since. */
function rig() {
  const before = connectionsTaken
  const shed: string[] = []
  const lookUps = createLookUps(pool, { pepper: PEPPER, maxRunning: 2, shed: (what) => void shed.push(what) })
  return { lookUps, shed, queries: () => connectionsTaken - before }
}

it('a thousand keys that nobody has made cost a few queries, and a good one among them is found', async () => {
  const { token } = await createKey(pool, PEPPER, { subject: 'ann', scopes: [], actor: 'test' })
  const { queries, lookUps } = rig()
  const strangers = Promise.all(Array.from({ length: 999 }, () => lookUps.findKey(makeToken())))
  expect(await lookUps.findKey(token)).toMatchObject({ subject: 'ann' })
  expect(new Set(await strangers)).toEqual(new Set([undefined]))
  expect(queries()).toBeLessThanOrEqual(4)
})

it('503 for strangers beyond a bound; who is known is looked up all the same', async () => {
  const { token } = await createKey(pool, PEPPER, { subject: 'ben', scopes: [], actor: 'test' })
  const { shed, lookUps } = rig()
  const flood = Array.from({ length: 1_500 }, () => lookUps.findKey(makeToken()).catch((fault: unknown) => fault))
  expect(await lookUps.findKey(token, { isKnown: true })).toMatchObject({ subject: 'ben' })
  const refused = (await Promise.all(flood)).filter((answer) => answer !== undefined)
  expect(refused[0]).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
  expect(shed).toEqual(refused.map(() => 'keys'))
  expect(refused).toHaveLength(498)
})

it('answers to many keys come by few queries, each to its own', async () => {
  const bytes = (text: string) => Buffer.from(text.padEnd(32, '.'))
  const scope = { caller: 'ann', route: 'r' }
  await pool.query(
    `insert into ebb.idempotency (caller, route, key, fingerprint, status, headers, body)
     select 'ann', 'r', 'k' || i, $1, 200 + i, '{}', '' from generate_series(1, 30) as i`,
    [bytes('same')],
  )
  const { queries, lookUps } = rig()
  const claims = Array.from({ length: 40 }, (_, i) => ({ ...scope, key: `k${i}`, fingerprint: bytes('same') }))
  const other = { ...scope, key: 'k7', fingerprint: bytes('other') }
  const found = await Promise.all(
    [...claims, other, { ...other, caller: 'ben' }].map((claim) => lookUps.findAnswer(claim)),
  )
  expect(found.map((claimed) => (claimed.is === 'finished' ? claimed.answer.status : claimed.is))).toEqual([
    'new',
    ...Array.from({ length: 30 }, (_, i) => 201 + i),
    ...Array<string>(9).fill('new'),
    ...['mismatch', 'new'],
  ])
  expect(queries()).toBeLessThanOrEqual(3)
})
