import { afterAll, beforeEach, expect, it } from '@jest/globals'
import { emit, emitAll, emptyOutbox, query, TRACEPARENT } from '../../../services/relay/test-outbox.ts'
import { createLog } from '../../kernel/index.ts'
import { testDatabase } from '../../testing/index.ts'
import { createPool } from '../postgres/pool.ts'
import { leaseDeliveries } from './deliveries.ts'
import { listEvents, showEvent } from './events.ts'
import { fanOut } from './fan-out.ts'
import { settleDeliveries } from './settle-deliveries.ts'

// Hooks run in the order in which they are declared: the pool closes before the database is dropped.
afterAll(() => pool.end())
const { ownerUrl: url } = testDatabase()
const pool = createPool(url, { log: createLog({ level: 'silent' }) })
beforeEach(() => emptyOutbox(url))

const RFC3339 = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)

/** Fans out, and settles what is due for one subscriber. */
async function settleAll(state: 'done' | 'dead' | 'waiting', status: number) {
  await fanOut(pool, [{ name: 'send-welcome', on: 'user.created' }])
  const leased = await leaseDeliveries(pool, 'send-welcome', { limit: 100, leaseMs: 60_000 })
  const settlement = { state, status, durationMs: 7, body: 'so', retryInMs: 0 }
  await settleDeliveries(
    pool,
    leased.map((delivery) => ({ delivery, settlement })),
  )
}

it('lists the newest first, with the state of each delivery', async () => {
  const [first, second] = [await emit(url, { subject: 'ann' }), await emit(url, { type: 'user.deleted' })]
  await settleAll('done', 204)
  expect(await listEvents(pool)).toEqual({
    events: [
      {
        ...{ id: second, type: 'user.deleted', source: 'create-user', subject: null, createdAt: RFC3339 },
        deliveries: [],
      },
      {
        ...{ id: first, type: 'user.created', source: 'create-user', subject: 'ann', createdAt: RFC3339 },
        deliveries: [{ consumer: 'send-welcome', state: 'done', attempts: 1, availableAt: RFC3339 }],
      },
    ],
  })
})

it('lists by state and by type', async () => {
  const done = await emit(url)
  await settleAll('done', 204)
  const dead = await emit(url)
  await settleAll('dead', 422)
  const other = await emit(url, { type: 'user.deleted' })
  const idsOf = async (options: Parameters<typeof listEvents>[1]) =>
    (await listEvents(pool, options)).events.map(({ id }) => id)
  expect(await idsOf({ state: 'dead' })).toEqual([dead])
  expect(await idsOf({ state: 'leased' })).toEqual([])
  expect(await idsOf({ type: 'user.deleted' })).toEqual([other])
  expect(await idsOf({ type: 'user.created', state: 'done' })).toEqual([done])
})

it('pages through events of the same instant while others arrive, each once', async () => {
  const before = await emitAll(url, { count: 25 })
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const { events, next } = await listEvents(pool, { limit: 10, before: cursor })
    seen.push(...events.map(({ id }) => id))
    cursor = next
    await emit(url)
  } while (cursor)
  expect(seen).toHaveLength(25)
  expect(new Set(seen)).toEqual(new Set(before))
})

it('has no next page after an exactly full one, and 500 events at most', async () => {
  await emitAll(url, { count: 501 })
  const { events, next } = await listEvents(pool, { limit: 1_000_000 })
  expect(events).toHaveLength(500)
  const last = await listEvents(pool, { limit: 1, before: next })
  expect(last.events).toHaveLength(1)
  expect(last.next).toBeUndefined()
})

it.each(['x', '', Buffer.from('2026-99-01T00:00:00.000000Z').toString('base64url')])(
  'refuses the foreign cursor %j',
  async (before) => {
    await expect(listEvents(pool, { before })).rejects.toMatchObject({ code: 'invalid_request', status: 400 })
  },
)

it('shows an event with the whole history of each delivery', async () => {
  const id = await emit(url, { subject: 'ann', payload: { name: 'Zoë' } })
  await settleAll('waiting', 503)
  await settleAll('done', 200)
  await query(url, `insert into ebb.delivery (event_id, consumer) values ($1, 'count-users')`, [id])
  const attempt = {
    startedAt: RFC3339,
    durationMs: 7,
    error: null,
    body: 'so',
    revision: null,
    traceparent: TRACEPARENT,
  }
  expect(await showEvent(pool, id)).toEqual({
    ...{ id, type: 'user.created', source: 'create-user', subject: 'ann', createdAt: RFC3339 },
    ...{
      version: 1,
      payload: { name: 'Zoë' },
      payloadBytes: 16,
      correlationId: 'correlation-1',
      callerId: 'ann',
      tenant: null,
      traceparent: TRACEPARENT,
    },
    deliveries: [
      {
        ...{ consumer: 'count-users', state: 'waiting', attempts: 0, availableAt: RFC3339 },
        ...{ settledAt: null, redriven: null, history: [] },
      },
      {
        ...{ consumer: 'send-welcome', state: 'done', attempts: 2, availableAt: RFC3339, settledAt: RFC3339 },
        redriven: null,
        history: [
          { number: 1, status: 503, ...attempt },
          { number: 2, status: 200, ...attempt },
        ],
      },
    ],
  })
})

it('shows nothing for an id that is none', async () => {
  expect(await showEvent(pool, '00000000-0000-4000-8000-000000000000')).toBeUndefined()
  expect(await showEvent(pool, "'; drop table ebb.outbox")).toBeUndefined()
})
