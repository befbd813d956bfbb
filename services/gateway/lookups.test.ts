import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { createLog } from 'ebb/kernel'
import { makeToken } from '../../src/data/keys/api-key-token.ts'
import { createKey } from '../../src/data/keys/api-keys.ts'
import { createPool } from '../../src/data/postgres/pool.ts'
import { testDatabase } from '../../src/testing/index.ts'
import { createBatcher, createLookups } from './lookups.ts'
import { PEPPER } from './test-support.ts'

afterAll(() => pool.end())
const database = testDatabase()
const pool = createPool(database.ownerUrl, { log: createLog({ level: 'silent' }) })

// On a busy machine a new connection may take as long as all of a lookup.
beforeAll(async () => {
  for (const client of await Promise.all([pool.connect(), pool.connect()])) client.release()
})

let connectionsTaken = 0
pool.on('acquire', () => connectionsTaken++)

/** Lookups, and how many queries they have made since. */
function createTestLookups() {
  const before = connectionsTaken
  const shed: string[] = []
  const lookups = createLookups(pool, { pepper: PEPPER, maxRunning: 2, shed: (what) => void shed.push(what) })
  return { lookups, shed, queries: () => connectionsTaken - before }
}

it('a thousand keys that do not exist cost a few queries, and a valid one among them is found', async () => {
  const { token } = await createKey(pool, PEPPER, { subject: 'ann', scopes: [], actor: 'test' })
  const { queries, lookups } = createTestLookups()
  const strangers = Promise.all(Array.from({ length: 999 }, () => lookups.findKey(makeToken())))
  expect(await lookups.findKey(token)).toMatchObject({ subject: 'ann' })
  expect(new Set(await strangers)).toEqual(new Set([undefined]))
  expect(queries()).toBeLessThanOrEqual(4)
})

it('503 for unknown keys beyond a bound; a known one is looked up all the same', async () => {
  const { token } = await createKey(pool, PEPPER, { subject: 'ben', scopes: [], actor: 'test' })
  const { shed, lookups } = createTestLookups()
  const flood = Array.from({ length: 1_500 }, () => lookups.findKey(makeToken()).catch((error: unknown) => error))
  expect(await lookups.findKey(token, { isKnown: true })).toMatchObject({ subject: 'ben' })
  const refused = (await Promise.all(flood)).filter((answer) => answer !== undefined)
  expect(refused[0]).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
  expect(shed).toEqual(refused.map(() => 'keys'))
  expect(refused).toHaveLength(498)
})

it('responses for many keys are found by few queries, each under its own', async () => {
  const bytes = (text: string) => Buffer.from(text.padEnd(32, '.'))
  const scope = { caller: 'ann', route: 'r' }
  await pool.query(
    `insert into ebb.idempotency (caller, route, key, fingerprint, status, headers, body)
     select 'ann', 'r', 'k' || i, $1, 200 + i, '{}', '' from generate_series(1, 30) as i`,
    [bytes('same')],
  )
  const { queries, lookups } = createTestLookups()
  const claims = Array.from({ length: 40 }, (_, i) => ({ ...scope, key: `k${i}`, fingerprint: bytes('same') }))
  const other = { ...scope, key: 'k7', fingerprint: bytes('other') }
  const found = await Promise.all(
    [...claims, other, { ...other, caller: 'ben' }].map((claim) => lookups.findStoredResponse(claim)),
  )
  expect(found.map((result) => (result.status === 'finished' ? result.response.status : result.status))).toEqual([
    'new',
    ...Array.from({ length: 30 }, (_, i) => 201 + i),
    ...Array<string>(9).fill('new'),
    ...['mismatch', 'new'],
  ])
  expect(queries()).toBeLessThanOrEqual(3)
})

/** Doubles numbers, in calls that a test lets go on. */
function createTestBatcher(
  options: { maxBatch?: number; maxRunning?: number; maxWaiting?: number; timeoutMs?: number } = {},
) {
  const calls: { readonly questions: readonly number[]; end: (error?: Error) => void }[] = []
  const double = createBatcher(
    (questions: readonly number[]) =>
      new Promise<number[]>((resolve, reject) => {
        const end = (error?: Error) => (error ? reject(error) : resolve(questions.map((n) => n * 2)))
        calls.push({ questions, end })
      }),
    {
      ...{ maxBatch: 100, maxRunning: 1, maxWaiting: 100, timeoutMs: 60_000, overflow: () => new Error('too many') },
      ...options,
    },
  )
  return { calls, double }
}

it('asks the first at once, and all that come meanwhile together', async () => {
  const { calls, double } = createTestBatcher()
  const answers = Promise.all([1, 2, 3, 4].map((n) => double(n)))
  expect(calls.map(({ questions }) => questions)).toEqual([[1]])
  calls[0]!.end()
  await new Promise(setImmediate)
  expect(calls.map(({ questions }) => questions)).toEqual([[1], [2, 3, 4]])
  calls[1]!.end()
  expect(await answers).toEqual([2, 4, 6, 8])
})

it('refuses questions beyond the queue, but not a known one', async () => {
  const { calls, double } = createTestBatcher({ maxWaiting: 2 })
  const taken = Promise.all([1, 2, 3].map((n) => double(n)))
  await expect(double(4)).rejects.toThrow('too many')
  const known = double(5, { isKnown: true })
  calls[0]!.end()
  await new Promise(setImmediate)
  calls[1]!.end()
  expect([await taken, await known]).toEqual([[2, 4, 6], 10])
})

it('a batch that never returns delays its own questions, and others no longer than their timeout; they are not asked', async () => {
  const { calls, double } = createTestBatcher({ timeoutMs: 10 })
  await expect(double(1)).rejects.toThrow('no answer within 10 ms')
  await expect(double(2)).rejects.toThrow('no answer within 10 ms')
  calls[0]!.end()
  await new Promise(setImmediate)
  expect(calls).toHaveLength(1)
})

it('a batch that fails fails for all questions in it, and for no other', async () => {
  const { calls, double } = createTestBatcher({ maxBatch: 2 })
  const answers = Promise.allSettled([1, 2, 3, 4].map((n) => double(n)))
  for (const error of [undefined, new Error('unavailable'), undefined]) {
    calls.at(-1)!.end(error)
    await new Promise(setImmediate)
  }
  const ends = (await answers).map((end) => (end.status === 'fulfilled' ? end.value : String(end.reason)))
  expect(ends).toEqual([2, 'Error: unavailable', 'Error: unavailable', 8])
})
