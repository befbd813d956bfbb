import { readdir } from 'node:fs/promises'
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { event, subscriber } from 'ebb/contract'
import { mail, postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import { testFunction } from 'ebb/testing'
import * as z from 'zod'

const TYPE = 'reading.taken'
const taken = event({
  type: TYPE,
  data: z.object({ n: z.int(), fails: z.string().optional(), tree: z.unknown().optional() }),
})
const stored = event({ type: 'readings.stored', data: z.object({ count: z.int() }) })
const shared = {
  ...{ summary: 'Stores readings.', on: taken, batch: { size: 100 }, emits: { 'readings.stored': stored } },
  failures: { sensor_unknown: 422, sensor_busy: 503 },
} as const

/** What its handler was called with, as numbers. */
const calls: number[][] = []
const store = testFunction(
  implement(subscriber({ ...shared, name: 'store-readings' }), { sql: postgres }, async ({ events }, { sql, emit }) => {
    calls.push(events.map(({ data: { n } }) => n))
    if (events.some(({ data }) => data.fails === 'all')) throw new Error('on purpose')
    const failed = events.flatMap(({ event: { id }, data: { fails } }) => {
      if (fails === 'sensor_unknown' || fails === 'sensor_busy')
        return [{ id, failure: fails, message: `It is ${fails}.` }]
      if (fails === 'somehow') return [{ id }]
      return fails === 'another' ? [{ id: 'another' }] : []
    })
    const good = events.filter(({ event }) => !failed.some(({ id }) => id === event.id))
    for (const { data } of good) await sql`insert into readings values (${data.n})`
    await emit('readings.stored', { count: good.length })
    return { failed }
  }),
)
const tell = testFunction(
  implement(
    subscriber({ ...shared, name: 'tell-readings' }),
    { sql: postgres, mail },
    async ({ events }, { mail, sql }) => {
      const [{ event, data }] = events as [(typeof events)[number]]
      await sql`insert into readings values (${data.n})`
      const to = data.fails ? 'not an address' : 'ada@example.com'
      await mail.send({ messageId: `${event.id}@x`, from: 'a@example.com', to, subject: `${events.length}`, text: 'x' })
    },
  ),
)

beforeAll(async () => {
  for (const { query } of [store, tell]) await query('create table readings (n int)')
})
beforeEach(async () => {
  calls.length = 0
  for (const { query } of [store, tell]) await query('truncate readings, ebb.inbox, ebb.outbox')
})

const one = (n: number, fails?: string, type = TYPE) => ({ id: `event-${n}`, type, data: { n, fails } })
const readings = async () => (await store.query<{ n: number }>('select n from readings order by n')).map(({ n }) => n)
const inbox = async () =>
  (await store.query<{ id: string }>('select id from ebb.inbox order by id')).map(({ id }) => id)
const emitted = async () => (await store.query('select payload from ebb.outbox')).map(({ payload }) => payload)

describe('a batch', () => {
  it('204 in one call and one transaction, and each event once, however often it comes', async () => {
    expect((await store.deliverBatch([one(1), one(2)])).status).toBe(204)
    expect((await store.deliverBatch([one(2), one(3), one(1)])).status).toBe(204)
    expect((await store.deliverBatch([one(3)])).status).toBe(204)
    expect((await store.deliver(one(1))).status).toBe(204)
    expect(calls).toEqual([[1, 2], [3]])
    expect([await readings(), await inbox()]).toEqual([
      [1, 2, 3],
      ['event-1', 'event-2', 'event-3'],
    ])
    expect(await emitted()).toEqual([{ count: 2 }, { count: 1 }])
    expect(
      await store.query('select from ebb.outbox where (select count(distinct xmin::text) from readings) = 2'),
    ).toHaveLength(2)
  })

  it('200 with those that have failed, which are not taken; they succeed when they come again', async () => {
    const batch = [one(1), one(2, 'sensor_unknown'), one(3, 'somehow'), one(4, 'sensor_busy'), one(5)]
    const { status, body } = await store.deliverBatch(batch)
    expect([status, body.failures]).toEqual([
      200,
      [
        { index: 1, status: 422, error: 'sensor_unknown', message: 'It is sensor_unknown.' },
        { index: 2, status: 500, error: 'internal', message: 'The handler has returned it as failed.' },
        { index: 3, status: 503, error: 'sensor_busy', message: 'It is sensor_busy.' },
      ],
    ])
    expect([await readings(), await inbox()]).toEqual([
      [1, 5],
      ['event-1', 'event-5'],
    ])
    expect((await store.deliverBatch([one(1), one(2), one(3)])).status).toBe(204)
    expect(await readings()).toEqual([1, 2, 3, 5])
  })

  it('200 where all have failed, and nothing is written', async () => {
    const { status, body } = await store.deliverBatch([one(1, 'somehow'), one(2, 'sensor_busy')])
    expect([status, body.failures.length]).toEqual([200, 2])
    expect([await readings(), await inbox(), await emitted()]).toEqual([[], [], []])
  })

  it('500 where the handler throws, or names an event that it did not get: nothing is written', async () => {
    expect((await store.deliverBatch([one(1), one(2, 'all')])).status).toBe(500)
    expect((await store.deliverBatch([one(1), one(2, 'another')])).status).toBe(500)
    expect([await readings(), await inbox()]).toEqual([[], []])
  })

  it('200 with those that cannot be read, which the handler never sees', async () => {
    const { status, body } = await store.deliverBatch([
      one(1),
      { ...one(2), data: { n: 'two' } },
      one(3, undefined, 'reading.lost'),
      one(4),
    ])
    expect([
      status,
      body.failures.map(({ index, status: own, error }: Record<string, unknown>) => [index, own, error]),
    ]).toEqual([
      200,
      [
        [1, 400, 'invalid_request'],
        [2, 400, 'invalid_request'],
      ],
    ])
    expect([await readings(), calls]).toEqual([[1, 4], [[1, 4]]])
  })

  it('204 for events that are each as large as one may be, and together more', async () => {
    const values = Array.from({ length: 9_000 }, (_, i) => i)
    const deep = JSON.parse(`${'['.repeat(31)}${']'.repeat(31)}`)
    const batch = Array.from({ length: 10 }, (_, n) => ({ ...one(n), data: { n, tree: n === 9 ? deep : values } }))
    expect((await store.deliverBatch(batch)).status).toBe(204)
    expect(calls).toEqual([[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]])
  })

  it('413 for more than 1,000 events, 403 from a caller', async () => {
    expect((await store.deliverBatch(Array.from({ length: 1_001 }, (_, n) => one(n)))).status).toBe(413)
    expect((await store.deliverBatch([one(1)], { from: { sub: 'ada' } })).status).toBe(403)
  })
})

describe('an event alone', () => {
  it('is answered as if there were no batches', async () => {
    expect((await store.deliver(one(1))).status).toBe(204)
    const { status, body } = await store.deliver(one(2, 'sensor_unknown'))
    expect([status, body.error, body.message]).toEqual([422, 'sensor_unknown', 'It is sensor_unknown.'])
    expect((await store.deliver(one(3, 'all'))).status).toBe(500)
    expect((await store.deliver({ ...one(4), data: {} })).status).toBe(400)
    expect([await readings(), calls]).toEqual([[1], [[1], [2], [3]]])
  })
})

describe('mail of a batch', () => {
  const sent = async () => (await readdir(tell.mailFolder())).length

  it('is sent after the commit, and again where it could not be, without another effect', async () => {
    expect((await tell.deliverBatch([one(1), one(2)])).status).toBe(204)
    expect(await sent()).toBe(1)
    const failing = [one(3, 'mail'), one(4)]
    expect((await tell.deliverBatch(failing)).status).toBeGreaterThanOrEqual(400)
    await tell.query(
      `update ebb.inbox set outstanding = replace(outstanding::text, 'not an address', 'ada@example.com')::jsonb`,
    )
    expect((await tell.deliverBatch([one(4), one(3)])).status).toBe(204)
    expect(await sent()).toBe(2)
    expect(await tell.query('select from readings')).toHaveLength(2)
  })
})
