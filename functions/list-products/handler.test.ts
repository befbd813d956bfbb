import { beforeAll, describe, expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import { encodeCursor } from '../../domain/cursor.ts'
import listProducts from './handler.ts'

const fn = testFunction(listProducts)

interface Item {
  readonly sku: string
  readonly name: string
  readonly price: { readonly amount: number }
  readonly stock: number
  readonly createdAt: string
}
interface Page {
  readonly items: readonly Item[]
  readonly next?: string
}

async function get(query: Record<string, unknown>, status = 200) {
  const caller = await fn.as({ sub: 'anonymous' })
  return (await caller.get('/v1/products').query(query).expect(status)).body
}
const list = (query: Record<string, unknown>): Promise<Page> => get(query)
const skusOf = ({ items }: Page) => items.map(({ sku }) => sku)

async function walk(query: Record<string, unknown>, onPage = async (_page: Page) => {}): Promise<readonly Item[]> {
  const found: Item[] = []
  for (let cursor: string | undefined, first = true; first || cursor; first = false) {
    const page = await list({ ...query, ...(cursor ? { cursor } : {}) })
    await onPage(page)
    found.push(...page.items)
    cursor = page.next
  }
  return found
}

const add = (sku: string, category: string, { name = 'Thing', amount = 100, stock = 1, at = '2026-01-01' } = {}) =>
  fn.query(
    `insert into products (sku, name, category, price_amount, currency, stock, created_at)
     values ($1, $2, $3, $4, 'EUR', $5, $6)`,
    [sku, name, category, amount, stock, at],
  )

beforeAll(async () => {
  // Few values for many products: most share name, price or age with another one.
  for (let i = 0; i < 25; i++) {
    const at = `2026-01-0${1 + (i % 3)}T00:00:00.00${i % 2}Z`
    await add(`WALK-${i}`, 'walked', { name: ['Ash', 'birch', 'Cedar'][i % 3] ?? '', amount: 100 * (i % 4), at })
  }
  await add('FOUND-1', 'found', { name: 'Marbled Compasses', amount: 500, stock: 0 })
  await add('FOUND-2', 'found', { name: 'Marbled Inkwell 100%', amount: 700, stock: 3 })
  await add('FOUND-3', 'found', { name: 'Plain Inkwell', amount: 900, stock: 3 })
})

describe('list-products', () => {
  it('200 with the twenty newest, for an anonymous caller', async () => {
    const { items, next } = await list({})
    expect(items).toHaveLength(20)
    expect(items[0]).toEqual({
      sku: 'LAMP-BRASS-01',
      name: 'Brass Desk Lamp',
      category: 'lighting',
      price: { amount: 8900, currency: 'EUR' },
      stock: 500,
      createdAt: '2026-06-06T08:00:00.000000Z',
    })
    expect(next).toEqual(expect.any(String))
  })

  it('200 for the example of the contract', async () => {
    const { items } = await list(listProducts.contract.examples.lamps.query)
    expect(items.length).toBeGreaterThan(10)
    for (const { name, stock } of items) expect([/lamp/i.test(name), stock > 0]).toEqual([true, true])
  })

  it.each([
    ['name', 'asc'],
    ['name', 'desc'],
    ['price', 'asc'],
    ['price', 'desc'],
    ['newest', 'asc'],
    ['newest', 'desc'],
  ])('200 page by page, each product once, by %s %s', async (sort, direction) => {
    const query = { category: 'walked', sort, direction }
    const found = await walk({ ...query, limit: 4 })
    expect(found.map(({ sku }) => sku)).toEqual(skusOf(await list({ ...query, limit: 100 })))
    expect(new Set(found.map(({ sku }) => sku)).size).toBe(25)
    const value = ({ name, price, createdAt }: Item) =>
      ({ name: name.toLowerCase(), price: String(price.amount).padStart(9, '0'), newest: createdAt })[sort] ?? ''
    const sorted = found.map(value).sort()
    expect(found.map(value)).toEqual(direction === 'asc' ? sorted : sorted.reverse())
  })

  it('200 with pages that do not shift when products are added or sold', async () => {
    for (let i = 0; i < 6; i++) await add(`MOVING-${i}`, 'moving', { at: `2026-01-0${i + 1}` })
    let pages = 0
    const found = await walk({ category: 'moving', limit: 2 }, async ({ items }) => {
      await add(`MOVING-NEW-${pages++}`, 'moving', { at: '2026-02-01' })
      await fn.query('delete from products where sku = $1', [items.at(-1)?.sku])
    })
    expect(found.map(({ sku }) => sku)).toEqual([5, 4, 3, 2, 1, 0].map((i) => `MOVING-${i}`))
  })

  it('200 without `next` for a last page that is full', async () => {
    expect(await list({ category: 'walked', limit: 25 })).not.toHaveProperty('next')
    expect(await list({ category: 'nothing-here' })).toEqual({ items: [] })
  })

  it.each([
    [{ q: 'compass' }, ['FOUND-1']],
    [{ q: 'INKWELLS marbled' }, ['FOUND-2']],
    [{ q: 'marbled -inkwell' }, ['FOUND-1']],
    [{ q: '%' }, []],
    [{ q: "'; drop table products --" }, []],
    [{ maxPrice: 700 }, ['FOUND-1', 'FOUND-2']],
    [{ inStock: true }, ['FOUND-2', 'FOUND-3']],
    [{ inStock: false }, ['FOUND-1']],
    [{ q: 'inkwell', maxPrice: 800, inStock: true }, ['FOUND-2']],
  ])('200 with what %o asks for', async (filter, skus) => {
    expect(skusOf(await list({ category: 'found', sort: 'price', ...filter }))).toEqual(skus)
  })

  it.each([
    ['limit', 0],
    ['limit', 101],
    ['sort', 'size'],
    ['direction', 'up'],
    ['maxPrice', 'cheap'],
    ['inStock', 'yes'],
    ['q', 'a\u0000b'],
    ['page', 2],
  ])('400 for %s=%s', async (name, value) => {
    expect(await get({ [name]: value }, 400)).toMatchObject({
      error: 'invalid_request',
      details: [{ path: `query.${name}` }],
    })
  })

  const position = { sku: 'A', name: 'A', createdAt: '2026-01-01T00:00:00Z', price: { amount: 1, currency: 'EUR' } }
  it.each(['0000-01-01T00:00:00Z', `2026-01-01T00:00:00.${'1'.repeat(1_000)}Z`])(
    '400 invalid_cursor for one with a time that Postgres does not know: %#',
    async (createdAt) => {
      const cursor = encodeCursor({ ...position, createdAt, order: 'newest desc' })
      expect(await get({ cursor }, 400)).toMatchObject({ error: 'invalid_cursor' })
    },
  )

  it.each([
    ['no cursor at all', 'seven'],
    ['a number', encodeCursor(7)],
    [
      'one with a price that is none',
      encodeCursor({
        order: 'newest desc',
        ...{ sku: 'A', name: 'A', createdAt: '2026-01-01T00:00:00Z', price: { amount: 'x', currency: 'EUR' } },
      }),
    ],
  ])('400 invalid_cursor for %s', async (_, cursor) => {
    expect(await get({ cursor }, 400)).toMatchObject({ error: 'invalid_cursor' })
  })

  it('400 invalid_cursor for one of another sort or direction', async () => {
    const { next: cursor } = await list({ sort: 'price', limit: 1 })
    expect(await get({ sort: 'price', cursor })).toMatchObject({ items: expect.any(Array) })
    expect(await get({ sort: 'name', cursor }, 400)).toMatchObject({ error: 'invalid_cursor' })
    expect(await get({ sort: 'price', direction: 'desc', cursor }, 400)).toMatchObject({ error: 'invalid_cursor' })
  })
})
