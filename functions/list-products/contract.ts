import { endpoint } from 'ebb/contract'
import * as z from 'zod'
import { Product } from '../../domain/product.ts'

export default endpoint({
  name: 'list-products',
  summary: 'Browse the products, a page at a time.',
  description:
    'A page ends with `next`, the cursor of the page after it, for the same sort and direction; the last page has none. ' +
    'A product that appears meanwhile shifts no page. The default direction is descending for `newest`, and ascending for the others.',
  method: 'GET',
  path: '/v1/products',
  query: z.object({
    q: Product.shape.name.optional().meta({ description: 'Words of name and category', example: 'brass lamp' }),
    category: Product.shape.category.optional(),
    maxPrice: z.int().min(0).optional().meta({ description: 'In minor units of the currency', example: 10_000 }),
    inStock: z.boolean().optional().meta({ description: 'false: what has sold out' }),
    sort: z.enum(['newest', 'name', 'price']).default('newest'),
    direction: z.enum(['asc', 'desc']).optional(),
    limit: z.int().min(1).max(100).default(20),
    cursor: z.string().min(1).max(2_000).optional(),
  }),
  reply: { status: 200, body: z.object({ items: z.array(Product), next: z.string().optional() }) },
  failures: { invalid_cursor: 400 },
  access: { anonymous: true },
  tool: true,
  limit: { requests: 50, perSeconds: 1, burst: 100 },
  objective: { availability: 99.9, latencyMs: { p95: 300 } },
  timeoutMs: 2_000,
  examples: { lamps: { query: { q: 'lamp', inStock: true, sort: 'price' } } },
})
