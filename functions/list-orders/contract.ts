import { endpoint } from 'ebb/contract'
import * as z from 'zod'
import { Order } from '../../domain/order.ts'

export default endpoint({
  name: 'list-orders',
  summary: 'List the orders of the caller, the newest first, a page at a time.',
  description:
    'A page ends with `next`, the cursor of the page after it; the last page has none. An order that is placed meanwhile shifts no page.',
  method: 'GET',
  path: '/v1/orders',
  query: z.object({
    state: Order.shape.state.optional(),
    limit: z.int().min(1).max(100).default(20),
    cursor: z.string().min(1).max(500).optional(),
  }),
  reply: { status: 200, body: z.object({ items: z.array(Order), next: z.string().optional() }) },
  failures: { invalid_cursor: 400 },
  access: {},
  timeoutMs: 2_000,
  scale: { max: 2 },
  examples: { confirmed: { query: { state: 'confirmed', limit: 10 } } },
})
