import { endpoint } from 'ebb/contract'
import * as z from 'zod'
import { Product } from '../../domain/product.ts'
import { ProductQuery } from '../../domain/product-list.ts'

export default endpoint({
  name: 'list-products',
  summary: 'Browse the products, a page at a time.',
  description:
    'A page ends with `next`, the cursor of the page after it, for the same sort and direction; the last page has none. ' +
    'A product that appears meanwhile shifts no page. The default direction is descending for `newest`, and ascending for the others.',
  method: 'GET',
  path: '/v1/products',
  query: ProductQuery,
  reply: { status: 200, body: z.object({ items: z.array(Product), next: z.string().optional() }) },
  failures: { invalid_cursor: 400 },
  access: { anonymous: true },
  tool: true,
  limit: { requests: 50, perSeconds: 1, burst: 100 },
  objective: { availability: 99.9, latencyMs: { p95: 300 } },
  timeoutMs: 2_000,
  examples: { lamps: { query: { q: 'lamp', inStock: true, sort: 'price' } } },
})
