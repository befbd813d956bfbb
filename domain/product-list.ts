import { toOutput } from 'ebb/contract'
import type { Sql } from 'ebb/data'
import * as z from 'zod'
import { decodeCursor, encodeCursor } from './cursor.ts'
import { Product } from './product.ts'

/** Which products, and in which order. */
export const ProductQuery = z.object({
  q: Product.shape.name.optional().meta({ description: 'Words of name and category', example: 'brass lamp' }),
  category: Product.shape.category.optional(),
  maxPrice: z.int().min(0).optional().meta({ description: 'In minor units of the currency', example: 10_000 }),
  inStock: z.boolean().optional().meta({ description: 'false: what has sold out' }),
  sort: z.enum(['newest', 'name', 'price']).default('newest'),
  direction: z.enum(['asc', 'desc']).optional(),
  limit: z.int().min(1).max(100).default(20),
  cursor: z.string().min(1).max(2_000).optional(),
})

interface ListOptions {
  readonly sql: Sql
  readonly fail: (code: 'invalid_cursor', message: string) => never
}

/** Where a page ended. The products behind it are found by these values, whatever was added before them. */
const Position = toOutput(
  Product.pick({ sku: true, name: true, price: true, createdAt: true }).extend({ order: z.string() }),
)

/** A page of the products, and the cursor of the page after it. */
export async function listProducts(query: z.output<typeof ProductQuery>, { sql, fail }: ListOptions) {
  const { q, category, maxPrice, inStock, sort, limit, cursor } = query
  const order = `${sort} ${query.direction ?? (sort === 'newest' ? 'desc' : 'asc')}`
  const after = cursor === undefined ? undefined : decodeCursor(cursor, Position)
  if (cursor !== undefined && after?.order !== order)
    throw fail('invalid_cursor', `This is no cursor of a list by ${order}.`)

  // Postgres plans with the values at hand: what was not asked for folds away, and the index of the order is walked.
  const found = await sql<z.infer<typeof Product>>`
    select products.*, to_money(price_amount, currency) as price
    from products, (
      select
        ${q ?? null}::text as words, ${category ?? null}::text as wanted, ${maxPrice ?? null}::bigint as most, ${inStock ?? null}::boolean as available,
        ${order}::text as ordering, ${after?.sku ?? null}::text as after_sku, ${after?.name ?? null}::text as after_name,
        ${after?.price.amount ?? null}::bigint as after_amount, ${after?.createdAt ?? null}::timestamptz as after_time
    ) as asked
    where (words is null or to_tsvector('english', name || ' ' || category) @@ websearch_to_tsquery('english', words))
      and (wanted is null or category = wanted)
      and (most is null or price_amount <= most)
      and (available is null or (stock > 0) = available)
      and (after_sku is null or case ordering
        when 'name asc' then (lower(name), sku) > (lower(after_name), after_sku)
        when 'name desc' then (lower(name), sku) < (lower(after_name), after_sku)
        when 'price asc' then (price_amount, sku) > (after_amount, after_sku)
        when 'price desc' then (price_amount, sku) < (after_amount, after_sku)
        when 'newest asc' then (created_at, sku) > (after_time, after_sku)
        when 'newest desc' then (created_at, sku) < (after_time, after_sku)
      end)
    order by
      case when ordering = 'name asc' then lower(name) end,
      case when ordering = 'name desc' then lower(name) end desc,
      case when ordering = 'price asc' then price_amount end,
      case when ordering = 'price desc' then price_amount end desc,
      case when ordering = 'newest asc' then created_at end,
      case when ordering = 'newest desc' then created_at end desc,
      case when ordering like '% asc' then sku end,
      case when ordering like '% desc' then sku end desc
    limit ${limit + 1}`

  const items = found.slice(0, limit)
  const last = items.at(-1)
  const more = last && found.length > limit
  return more ? { items, next: encodeCursor(Position.parse({ ...last, order })) } : { items }
}
