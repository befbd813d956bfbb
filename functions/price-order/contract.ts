import { endpoint } from 'ebb/contract'
import * as z from 'zod'
import { Money } from '../../domain/money.ts'
import { Order } from '../../domain/order.ts'

export default endpoint({
  name: 'price-order',
  summary: 'Say what an order costs.',
  description: 'The price of this moment, for whoever is about to order.',
  method: 'POST',
  path: '/v1/prices',
  body: Order.pick({ sku: true, quantity: true }),
  reply: { status: 200, body: z.object({ unitPrice: Money, total: Money }) },
  failures: { product_not_found: 404 },
  access: { internal: true },
  reads: true,
  timeoutMs: 2_000,
  scale: { max: 2 },
  examples: { lamp: { body: { sku: 'LAMP-BRASS-01', quantity: 2 } } },
})
