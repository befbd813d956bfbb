import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { Followed, Following } from 'ebb/http/gateway'
import { createLog } from 'ebb/kernel'
import { testDatabase } from 'ebb/testing'
import pg from 'pg'
import { createPool } from '../../src/data/postgres/pool.ts'
import { untilTrue } from '../../test/support/until.ts'
import { emptyOutbox } from '../relay/test-outbox.ts'
import { createEventTail } from './event-tail.ts'

// Hooks run in the order in which they are declared: the pool closes before the database is dropped.
afterAll(() => pool.end())
const { ownerUrl: url } = testDatabase()
const log = createLog({ level: 'silent' })
const pool = createPool(url, { max: 10, log })
const shed: string[] = []
let tail: ReturnType<typeof createEventTail>
beforeEach(async () => {
  await emptyOutbox(url)
  shed.length = 0
  tail = createEventTail(pool, { log, shed: (what) => void shed.push(what), pollMs: 100 })
})
afterEach(() => tail.close())

interface Emitted {
  readonly n: number
  readonly type?: string
  readonly version?: number
  readonly tenant?: string
  readonly by?: string
  readonly bytes?: number
  readonly due?: string
}

const insert = (
  client: pg.ClientBase | pg.Pool,
  { n, type = 'note.made', version = 1, tenant, by = 'ann', bytes = 9, due }: Emitted,
) =>
  client.query(
    `insert into ebb.outbox (id, type, version, source, payload, traceparent, correlation_id, caller_id, tenant, payload_bytes, due_at)
     values ($1, $2, $3, '/functions/make-note', $4, 't', 'c', 'ann', $5, $6, $7)`,
    [randomUUID(), type, version, JSON.stringify({ n, by }), tenant ?? null, bytes, due ?? null],
  )
const emit = (emitted: Emitted) => insert(pool, emitted)

/** Emits in a transaction of its own, which the returned function commits. */
async function begin(emitted: Emitted): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('begin')
  await insert(client, emitted)
  return async () => {
    await client.query('commit')
    await client.end()
  }
}

const ANY: Followed = { type: 'note.made', version: 1, tenant: undefined, fields: {}, caller: 'ann', after: undefined }

/** Follows, and keeps what came. */
async function follow(wanted: Partial<Followed> = {}) {
  const following = await tail.follow({ ...ANY, ...wanted })
  const came: number[] = []
  const seen = { came, position: following.position, isOver: false, close: following.close }
  const read = async ({ [Symbol.asyncIterator]: iterate }: Following) => {
    for await (const { data, position } of { [Symbol.asyncIterator]: iterate }) {
      came.push((data as { n: number }).n)
      if (position !== undefined) seen.position = position
    }
    seen.isOver = true
  }
  void read(following)
  return seen
}
const haveCome = (seen: { readonly came: readonly number[] }, count: number) =>
  untilTrue(() => seen.came.length >= count)

describe('whoever follows events', () => {
  it('gets each once, in the order of their transactions, and none of before', async () => {
    await emit({ n: 1 })
    const [one, two] = [await follow(), await follow()]
    const commit = await begin({ n: 2 })
    await emit({ n: 3 })
    tail.wake()
    await haveCome(one, 1)
    await commit()
    await haveCome(one, 2)
    await emit({ n: 4 })
    await Promise.all([haveCome(one, 3), haveCome(two, 3)])
    expect([one.came, two.came]).toEqual([
      [3, 2, 4],
      [3, 2, 4],
    ])
  })

  it('gets none of another type or version, for later, or with more data than are sent', async () => {
    const seen = await follow()
    await emit({ n: 1, type: 'note.lost' })
    await emit({ n: 2, version: 2 })
    await emit({ n: 3, due: '2999-01-01' })
    await emit({ n: 4, bytes: 65 * 1024 })
    await emit({ n: 5 })
    await haveCome(seen, 1)
    expect(seen.came).toEqual([5])
  })

  it('gets those of its tenant, or of none, and with the fields that it asks for', async () => {
    const acme = await follow({ tenant: 'acme' })
    const nobody = await follow({ tenant: null })
    const annsAtAcme = await follow({ tenant: 'acme', fields: { by: 'ann' } })
    const all = await follow()
    await emit({ n: 1 })
    await emit({ n: 2, tenant: 'acme', by: 'bob' })
    await emit({ n: 3, tenant: 'other' })
    await emit({ n: 4, tenant: 'acme' })
    await haveCome(all, 4)
    expect([acme.came, nobody.came, annsAtAcme.came]).toEqual([[2, 4], [1], [4]])
  })

  it('asks the database for nothing while nobody follows', async () => {
    const asked: unknown[] = []
    const connect = () => {
      asked.push('connection')
      return pool.connect()
    }
    const counted = { connect, options: { max: 1 } } as unknown as pg.Pool
    const idle = createEventTail(counted, { log, shed: () => {}, pollMs: 1 })
    idle.wake()
    const { close } = await idle.follow(ANY)
    expect(asked).toHaveLength(1)
    close()
    idle.wake()
    await emit({ n: 1 })
    expect(asked).toHaveLength(1)
  })
})

describe('whoever comes back', () => {
  it('gets what was committed meanwhile, also by a transaction that had begun before', async () => {
    const first = await follow()
    const commit = await begin({ n: 1 })
    await emit({ n: 2 })
    await haveCome(first, 1)
    first.close()
    await commit()
    await emit({ n: 3 })
    await emit({ n: 4, by: 'bob' })
    const second = await follow({ after: first.position, fields: { by: 'ann' } })
    await emit({ n: 5 })
    await haveCome(second, 3)
    expect([first.came, second.came]).toEqual([[2], [1, 3, 5]])
  })

  it('gets it once, while others follow the same and events go on to come', async () => {
    const other = await follow()
    const first = await follow()
    first.close()
    await emit({ n: 1 })
    const [second] = await Promise.all([follow({ after: first.position }), emit({ n: 2 }), emit({ n: 3 })])
    await emit({ n: 4 })
    await Promise.all([haveCome(second, 4), haveCome(other, 4)])
    expect(second.came.toSorted()).toEqual([1, 2, 3, 4])
  })

  it('is told where that is too much, or no position', async () => {
    const first = await follow()
    first.close()
    await pool.query(
      `insert into ebb.outbox (id, type, source, payload, traceparent, correlation_id, caller_id, payload_bytes)
       select gen_random_uuid(), 'note.made', '/functions/make-note', '{}', 't', 'c', 'ann', 2 from generate_series(1, 1001)`,
    )
    await expect(follow({ after: first.position })).rejects.toMatchObject({ code: 'gone', status: 410 })
    for (const after of ['', '7', '1:1:;drop table', `1:1:${'1,'.repeat(200)}1`])
      await expect(follow({ after })).rejects.toMatchObject({ code: 'gone', status: 410 })
  })
})

describe('limits', () => {
  it('one caller follows events 20 times at most', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => follow()))
    await expect(follow()).rejects.toMatchObject({ code: 'rate_limited', status: 429 })
    await follow({ caller: 'bob' })
    all[0]?.close()
    await follow()
  })

  it('a gateway serves 1,000', async () => {
    await Promise.all(Array.from({ length: 1_000 }, (_, i) => follow({ caller: `caller ${i}` })))
    await expect(follow({ caller: 'one more' })).rejects.toMatchObject({ code: 'unavailable', status: 503 })
    expect(shed).toEqual(['subscriptions'])
  })

  it('one who does not read ends, and gets all of it when it comes back', async () => {
    const { [Symbol.asyncIterator]: iterate, position } = await tail.follow(ANY)
    const iterator = iterate()
    const watcher = await follow()
    const waits = Array.from({ length: 70 }, (_, n) => n)
    for (const n of waits) await emit({ n, bytes: 65_000 })
    await haveCome(watcher, 70)
    // More than 4 MiB wait for it, and so this ends it.
    await emit({ n: 70 })
    await haveCome(watcher, 71)
    expect((await iterator.next()).done).toBe(true)
    const again = await follow({ after: position })
    await haveCome(again, 71)
    expect(again.came).toEqual([...waits, 70])
  })

  it('is unavailable where the database does not answer', async () => {
    const broken = { connect: () => Promise.reject(new Error('no')) } as unknown as pg.Pool
    const away = createEventTail(broken, { log, shed: () => {} })
    await expect(away.follow(ANY)).rejects.toMatchObject({ code: 'unavailable', status: 503 })
    away.close()
  })
})
