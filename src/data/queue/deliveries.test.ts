import { afterAll, beforeEach, expect, it } from '@jest/globals'
import {
  attemptsOf,
  countStates,
  deliveriesOf,
  emit,
  emitAll,
  emptyOutbox,
  query,
} from '../../../services/relay/test-outbox.ts'
import { createLog } from '../../kernel/index.ts'
import { testDatabase } from '../../testing/index.ts'
import { createPool } from '../postgres/pool.ts'
import { findDue } from './backlog.ts'
import { type Delivery, leaseDeliveries, type Settlement } from './deliveries.ts'
import { fanOut } from './fan-out.ts'
import { reclaimDeliveries, settleDeliveries } from './settle-deliveries.ts'

const WELCOME = [{ name: 'send-welcome', on: 'user.created' }]
// Hooks run in the order in which they are declared: the pool closes before the database is dropped.
afterAll(() => pool.end())
const { ownerUrl: url } = testDatabase()
const pool = createPool(url, { log: createLog({ level: 'silent' }) })
beforeEach(() => emptyOutbox(url))

const lease = (limit = 100, leaseMs = 60_000) => leaseDeliveries(pool, 'send-welcome', { limit, leaseMs })
const reclaim = async (attempts = 3) =>
  (await reclaimDeliveries(pool, [{ consumer: 'send-welcome', attempts, leaseMs: 60_000 }])).reclaimed
const dueIn = async (name = 'send-welcome') => (await findDue(pool, 'delivery', [{ name }])).get(name)?.inMs
const expire = () => query(url, `update ebb.delivery set locked_until = now() - interval '1 ms' where state = 'leased'`)

async function settle(delivery: Delivery, settlement: Settlement): Promise<boolean> {
  return (await settleDeliveries(pool, [{ delivery, settlement }])).has(delivery.leaseToken)
}

async function leaseOne(): Promise<Delivery> {
  const [leased] = await lease()
  if (!leased) throw new Error('nothing was due')
  return leased
}

it.each(['done', 'waiting', 'dead'] as const)(
  'settling as %s with a lease that is over changes nothing',
  async (state) => {
    const id = await emit(url)
    await fanOut(pool, WELCOME)
    const stale = await leaseOne()
    await expire()
    await reclaim()
    const fresh = await leaseOne()
    expect(fresh.attempt).toBe(2)
    const before = [await deliveriesOf(url, id), await attemptsOf(url, id)]
    expect(await settle(stale, { state, durationMs: 1, status: 204 })).toBe(false)
    expect([await deliveriesOf(url, id), await attemptsOf(url, id)]).toEqual(before)

    expect(await settle(fresh, { state: 'done', durationMs: 1, status: 200 })).toBe(true)
    expect(await settle(fresh, { state: 'dead', durationMs: 1, status: 400 })).toBe(false)
    expect(await countStates(url)).toEqual({ done: 1 })
    expect((await attemptsOf(url, id)).map(({ status, error }) => status ?? error)).toEqual(['the relay was lost', 200])
  },
)

it('fans an event out once, also where several relays do so at the same time', async () => {
  await emitAll(url, { count: 300 })
  const subscriptions = [...WELCOME, { name: 'count-users', on: 'user.created' }]
  const fanned = await Promise.all([1, 2, 3, 4].map(() => fanOut(pool, subscriptions, { limit: 200 })))
  expect(fanned.reduce((sum, { events }) => sum + events, 0)).toBe(300)
  expect(await fanOut(pool, subscriptions)).toMatchObject({ events: 0 })
  expect(await countStates(url)).toEqual({ waiting: 600 })
})

it('fans out an event that commits late, whatever was fanned out before', async () => {
  const late = await pool.connect()
  await late.query(`begin; insert into ebb.outbox (id, type, source, payload, traceparent, correlation_id, caller_id)
                    values (gen_random_uuid(), 'user.created', 's', '1', 't', 'c', 'a')`)
  await emit(url)
  const { events, since } = await fanOut(pool, WELCOME)
  expect(events).toBe(1)
  await late.query('commit')
  late.release()
  expect(await fanOut(pool, WELCOME, { since })).toMatchObject({ events: 1 })
})

it('leases a delivery to one of many relays, for the given time on the clock of the database', async () => {
  await emitAll(url, { count: 50 })
  await fanOut(pool, WELCOME)
  const leased = (await Promise.all([1, 2, 3, 4, 5, 6].map(() => lease(20)))).flat()
  expect(new Set(leased.map(({ eventId }) => eventId)).size).toBe(leased.length)
  expect(leased.length + (await lease()).length).toBe(50)
  const [row] = await query<{ ms: number }>(
    url,
    'select extract(epoch from min(locked_until) - now())::float8 * 1000 as ms from ebb.delivery',
  )
  expect(row?.ms).toBeGreaterThan(50_000)
  expect(row?.ms).toBeLessThanOrEqual(60_000)
})

it('leases nothing that is not due, and finds when it is', async () => {
  await emit(url)
  await fanOut(pool, WELCOME)
  expect(await dueIn()).toBeLessThanOrEqual(0)
  expect(await dueIn('another')).toBeUndefined()
  const leased = await leaseOne()
  expect(await dueIn()).toBeUndefined()
  await settle(leased, { state: 'waiting', retryInMs: 60_000, durationMs: 1, status: 503 })
  expect(await lease()).toEqual([])
  const dueInMs = await dueIn()
  expect(dueInMs).toBeGreaterThan(50_000)
  expect(dueInMs).toBeLessThanOrEqual(60_000)
})

it('hands an event over as it was written', async () => {
  const payload = { text: 'Zoë', nested: [1, null, { deep: true }] }
  const id = await emit(url, { subject: '☃', payload })
  await query(url, `update ebb.outbox set payload = jsonb_set(payload, '{big}', '12345678901234567890')`)
  await fanOut(pool, WELCOME)
  const { data, createdAt, ...rest } = await leaseOne()
  expect(rest).toMatchObject({
    ...{ eventId: id, consumer: 'send-welcome', attempt: 1, type: 'user.created', source: 'create-user', subject: '☃' },
    ...{ correlationId: 'correlation-1', callerId: 'ann' },
  })
  expect(JSON.parse(String(data))).toMatchObject(payload)
  expect(data).toContain('12345678901234567890')
  expect(createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
})

it('settles many at once, those whose lease is still valid', async () => {
  await emitAll(url, { count: 3 })
  await fanOut(pool, WELCOME)
  const leased = await lease()
  const [first, second, third] = leased as [Delivery, Delivery, Delivery]
  const settled = await settleDeliveries(pool, [
    { delivery: first, settlement: { state: 'done', durationMs: 5, status: 204, revision: 'r1' } },
    { delivery: { ...second, leaseToken: first.leaseToken }, settlement: { state: 'done', durationMs: 5 } },
    { delivery: third, settlement: { state: 'dead', durationMs: 6, status: 422, body: '"no" \\ ☃' } },
  ])
  expect(settled).toEqual(new Set([first.leaseToken, third.leaseToken]))
  expect(await countStates(url)).toEqual({ done: 1, leased: 1, dead: 1 })
  expect(await attemptsOf(url, first.eventId)).toMatchObject([
    { number: 1, status: 204, revision: 'r1', duration_ms: 5 },
  ])
  expect(await attemptsOf(url, third.eventId)).toMatchObject([{ number: 1, status: 422, body: '"no" \\ ☃' }])
})

it('reclaims only expired leases, and gives up those without an attempt left', async () => {
  await emit(url)
  await fanOut(pool, WELCOME)
  await lease()
  expect(await reclaim()).toEqual([])
  await expire()
  expect(await reclaim(2)).toMatchObject([{ attempt: 1, state: 'waiting', durationMs: 60_000, type: 'user.created' }])
  await lease()
  await expire()
  expect(await reclaim(2)).toMatchObject([{ attempt: 2, state: 'dead' }])
  expect(await countStates(url)).toEqual({ dead: 1 })
})
