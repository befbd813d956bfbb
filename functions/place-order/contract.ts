import { endpoint } from 'ebb/contract'
import * as z from 'zod'
import { Order, orderPlaced } from '../../domain/order.ts'

export default endpoint({
  name: 'place-order',
  summary: 'Take an order and reserve its stock.',
  description: 'The price is that of this moment. The receipt goes to `email` once the order is confirmed.',
  method: 'POST',
  path: '/v1/orders',
  body: Order.pick({ sku: true, quantity: true, email: true }),
  reply: { status: 201, body: Order, location: '/v1/orders/{id}' },
  failures: {
    out_of_stock: {
      status: 409,
      description: 'Fewer are left than the order asks for.',
      data: z.object({ left: z.int().min(0) }),
    },
    product_not_found: 404,
  },
  access: { scopes: ['orders:write'] },
  tool: { destructive: false },
  idempotent: true,
  async: true,
  emits: { 'order.placed': orderPlaced },
  calls: ['price-order'],
  objective: { availability: 99.9, latencyMs: { p99: 1_000 } },
  timeoutMs: 5_000,
  scale: { max: 10, concurrency: 50 },
  examples: { lamp: { body: { sku: 'LAMP-BRASS-01', quantity: 2, email: 'ada@example.com' } } },
})
