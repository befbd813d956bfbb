import { endpoint } from 'ebb/contract'
import * as z from 'zod'
import { Product } from '../../domain/product.ts'

export default endpoint({
  name: 'list-products',
  summary: 'List the products.',
  method: 'GET',
  path: '/v1/products',
  query: z.object({
    name: Product.shape.name.optional(),
    inStock: z.boolean().optional(),
    sort: z.enum(['sku', 'name']).default('sku'),
    limit: z.int().min(1).max(100).default(20),
  }),
  reply: { status: 200, body: z.object({ items: z.array(Product) }) },
  access: { anonymous: true },
  tool: true,
  limit: { requests: 50, perSeconds: 1, burst: 100 },
  timeoutMs: 2_000,
  examples: { lamps: { query: { name: 'Brass Lamp', inStock: true } } },
})
