import { endpoint } from 'ebb/contract'
import * as z from 'zod'

export default endpoint({
  name: 'conformance-list',
  summary: 'List some batches (`ebb conformance`).',
  method: 'GET',
  path: '/v1/conformance/batches',
  query: z.object({
    q: z.string().max(100).optional(),
    maxPrice: z.int().min(0).optional(),
    inStock: z.boolean().optional(),
    sort: z.enum(['newest', 'name', 'price']).default('newest'),
    limit: z.int().min(1).max(100).default(20),
    cursor: z.string().min(1).max(2_000).optional(),
  }),
  reply: { status: 200, body: z.object({ items: z.array(z.object({ batch: z.string() })) }) },
  failures: { invalid_cursor: 400 },
  access: { anonymous: true },
  limit: { requests: 50, perSeconds: 1, burst: 100 },
  cache: { maxAgeSeconds: 60, shared: true },
  timeoutMs: 2_000,
  scale: { max: 1 },
  examples: { one: { query: { limit: 1 } } },
})
