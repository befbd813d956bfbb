import { randomUUID } from 'node:crypto'
import { afterAll, beforeEach, expect, it } from '@jest/globals'
import { type Claim, createLog } from '../../kernel/index.ts'
import type { NewInvocation } from '../../protocol/index.ts'
import { testDatabase } from '../../testing/index.ts'
import { createPool } from '../postgres/pool.ts'
import { createRunStatement } from '../postgres/run-statement.ts'
import { acceptInvocation } from './accept-invocation.ts'
import { findDue } from './backlog.ts'
import { findInvocations, type InvocationOwner } from './find-invocations.ts'
import { type Invocation, leaseInvocations, reclaimInvocations, settleInvocation } from './invocation-queue.ts'

// Hooks run in the order in which they are declared: the pool closes before the database is dropped.
afterAll(() => pool.end())
const { ownerUrl: url } = testDatabase()
const log = createLog({ level: 'silent' })
const pool = createPool(url, { log })
beforeEach(() => pool.query('truncate ebb.invocation cascade'))

const made = (parts: Partial<NewInvocation> = {}): NewInvocation => ({
  ...{ id: randomUUID(), caller: { sub: 'ann', scopes: ['a:b', 'c:d'], tenant: 'acme' }, function: 'make-report' },
  ...{ method: 'POST', target: "/v1/reports?q='x'", headers: { 'content-type': 'application/json' } },
  ...{ body: Buffer.from([0, 255, 123]), correlationId: 'correlation-1', traceparent: '00-a-b-01' },
  ...parts,
})
const run = createRunStatement()
const notified = { count: 0 }
const outbox = { notify: () => void notified.count++, flush: async () => {} }
const response = { status: 202, headers: {}, body: Buffer.from('{}') }
const accept = (invocation: NewInvocation, claim?: Claim) =>
  acceptInvocation({ pool, outbox, log, run }, invocation, {
    ...{ claim, response, signal: new AbortController().signal, timeoutMs: 1_000 },
  })
const find = async (id: string, caller: InvocationOwner = { sub: 'ann', tenant: 'acme' }) =>
  (await findInvocations(pool, [{ id, caller }], { keepSeconds: 60 }))[0]
const lease = (limit = 10) => leaseInvocations(pool, 'make-report', { limit, leaseMs: 60_000 })
const reclaim = (attempts: number) => reclaimInvocations(pool, [{ name: 'make-report', attempts, leaseMs: 60_000 }])
const dueIn = async (name = 'make-report') => (await findDue(pool, 'invocation', [{ name }])).get(name)?.inMs
const expire = () =>
  pool.query(`update ebb.invocation set locked_until = now() - interval '1 ms' where state = 'leased'`)
const historyOf = async (id: string) =>
  (await pool.query('select number, status, error from ebb.invocation_attempt where invocation_id = $1', [id])).rows

async function leaseOne(): Promise<Invocation> {
  const [leased] = await lease()
  if (!leased) throw new Error('nothing was due')
  return leased
}

it('leases a call as it was stored', async () => {
  const invocation = made()
  const before = notified.count
  expect(await accept(invocation)).toEqual({ status: 'new' })
  expect(notified.count).toBe(before + 1)
  expect(await dueIn()).toBeLessThanOrEqual(0)
  expect(await leaseOne()).toEqual({ ...invocation, attempt: 1, attemptsNotCounted: 0, leaseToken: expect.any(String) })
  expect(await lease()).toEqual([])
  expect(await dueIn()).toBeUndefined()
})

it('stores nothing and notifies no relay where the key is claimed already', async () => {
  const claim = { caller: 'ann', route: 'make-report', key: 'k', fingerprint: Buffer.from('1') }
  const first = made()
  expect(await accept(first, claim)).toEqual({ status: 'new' })
  const before = notified.count
  expect(await accept(made(), claim)).toEqual({ status: 'finished', response })
  expect(await accept(made(), { ...claim, fingerprint: Buffer.from('2') })).toEqual({ status: 'mismatch' })
  expect([notified.count, (await lease()).map(({ id }) => id)]).toEqual([before, [first.id]])
})

it('leases a call to one of many relays', async () => {
  for (let n = 0; n < 20; n++) await accept(made())
  const leased = (await Promise.all([1, 2, 3, 4].map(() => lease(8)))).flat()
  expect(new Set(leased.map(({ id }) => id)).size).toBe(leased.length)
  expect(leased.length + (await lease(20)).length).toBe(20)
})

it.each(['done', 'waiting', 'dead'] as const)(
  'settling as %s with a lease that is over changes nothing',
  async (state) => {
    await accept(made())
    const stale = await leaseOne()
    await expire()
    expect(await reclaim(2)).toMatchObject([{ id: stale.id, function: 'make-report', attempt: 1, state: 'waiting' }])
    const fresh = await leaseOne()
    expect(await settleInvocation(pool, stale, { state, durationMs: 1, status: 201 })).toBe(false)
    expect(await historyOf(stale.id)).toEqual([{ number: 1, status: null, error: 'the relay was lost' }])
    expect(await settleInvocation(pool, fresh, { state: 'done', durationMs: 1, status: 201 })).toBe(true)
    expect(await settleInvocation(pool, fresh, { state: 'dead', durationMs: 1, status: 400 })).toBe(false)
    expect(await find(stale.id)).toMatchObject({
      state: 'done',
      attempts: 2,
    })
  },
)

it('gives up a call whose last attempt was lost, without a response', async () => {
  const { id } = made()
  await accept(made({ id }))
  const leased = await leaseOne()
  await settleInvocation(pool, leased, { state: 'waiting', retryInMs: 0, durationMs: 1, status: 500 })
  await leaseOne()
  await expire()
  expect(await reclaim(2)).toMatchObject([{ attempt: 2, state: 'dead', durationMs: 60_000 }])
  expect(await find(id)).toMatchObject({
    state: 'dead',
    response: undefined,
  })
})

it('stores the last response, for its caller alone', async () => {
  const { id } = made()
  await accept(made({ id }))
  const stored = { status: 201, headers: { 'content-type': 'text/plain' }, body: Buffer.from([1, 0, 2]) }
  await settleInvocation(pool, await leaseOne(), { state: 'done', durationMs: 7, status: 201, response: stored })
  expect(await find(id, { sub: 'ann' })).toBeUndefined()
  expect(await find(id, { sub: 'ben', tenant: 'acme' })).toBeUndefined()
  expect(await find(id)).toMatchObject({
    ...{ id, function: 'make-report', state: 'done', attempts: 1, correlationId: 'correlation-1', response: stored },
  })
})

it('makes a call due again after its delay', async () => {
  await accept(made())
  await settleInvocation(pool, await leaseOne(), { state: 'waiting', retryInMs: 60_000, durationMs: 1, status: 503 })
  expect(await lease()).toEqual([])
  const dueInMs = await dueIn()
  expect(dueInMs).toBeGreaterThan(50_000)
  expect(dueInMs).toBeLessThanOrEqual(60_000)
})
