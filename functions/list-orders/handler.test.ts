import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import { encodeCursor } from '../../domain/cursor.ts'
import listOrders from './handler.ts'

const fn = testFunction(listOrders)

interface Page {
  readonly items: readonly { readonly id: string; readonly state: string }[]
  readonly next?: string
}

const add = async (owner: string, { at = '2026-01-01', state = 'placed' } = {}) => {
  const id = randomUUID()
  await fn.query(
    `insert into orders (id, owner, sku, quantity, email, currency, unit_price_amount, state, created_at)
     values ($1, $2, 'LAMP-BRASS-01', 1, 'ada@example.com', 'EUR', 8900, $3, $4)`,
    [id, owner, state, at],
  )
  return id
}

async function list(query: Record<string, unknown> = {}, sub = 'ada'): Promise<Page> {
  return (await (await fn.as({ sub })).get('/v1/orders').query(query).expect(200)).body
}

async function walk(limit: number, onPage = async () => {}) {
  const found: string[] = []
  for (let page = await list({ limit }); ; page = await list({ limit, cursor: page.next })) {
    found.push(...page.items.map(({ id }) => id))
    if (page.next === undefined) return found
    await onPage()
  }
}

describe('list-orders', () => {
  const own: string[] = []
  beforeAll(async () => {
    // Several of the same moment, to the microsecond.
    for (let i = 0; i < 12; i++) own.push(await add('ada', { at: `2026-01-0${1 + (i % 3)} 00:00:00.000001+00` }))
    await add('ada', { at: '2025-01-01', state: 'confirmed' })
    await add('ben', { at: '2026-01-02' })
  })

  it.each([1, 5, 12, 100])('200 with the own orders only, the newest first, each once, %i a page', async (limit) => {
    const found = await walk(limit)
    expect(new Set(found).size).toBe(13)
    expect(found).toHaveLength(13)
    expect(new Set(own).isSubsetOf(new Set(found))).toBe(true)
    const rows = await fn.query<{ id: string }>(
      `select id from orders where owner = 'ada' order by created_at desc, id desc`,
    )
    expect(found).toEqual(rows.map(({ id }) => id))
  })

  it('200 with pages that do not shift when an order is placed', async () => {
    const before = await walk(100)
    const added: string[] = []
    const found = await walk(4, async () => void added.push(await add('ada', { at: '2027-01-01' })))
    expect(found).toEqual(before)
    await fn.query('delete from orders where id = any($1)', [added])
  })

  it('200 with those of one state, and for another caller with the cursor of a first one', async () => {
    expect((await list(listOrders.contract.examples.confirmed.query)).items.map(({ state }) => state)).toEqual([
      'confirmed',
    ])
    const { next } = await list({ limit: 1 })
    expect((await list({ cursor: next }, 'ben')).items).toHaveLength(1)
    expect(await list({}, 'eve')).toEqual({ items: [] })
  })

  it('400 for what the query does not allow', async () => {
    for (const query of [{ limit: 0 }, { limit: 101 }, { state: 'lost' }])
      await (await fn.as({ sub: 'ada' })).get('/v1/orders').query(query).expect(400)
  })

  it.each(['none', encodeCursor({ id: 'x', createdAt: '2026-01-01T00:00:00Z' }), encodeCursor({ id: randomUUID() })])(
    '400 invalid_cursor for %s',
    async (cursor) => {
      const response = await (await fn.as({ sub: 'ada' })).get('/v1/orders').query({ cursor }).expect(400)
      expect(response.body.error).toBe('invalid_cursor')
    },
  )

  it('401 without Ebb-Identity', async () => {
    await (await fn.unsigned()).get('/v1/orders').expect(401)
  })
})
