import { event } from 'ebb/contract'
import * as z from 'zod'
import { Money } from './money.ts'
import { Product } from './product.ts'

/** An order of one product, at the price of the moment when it was placed. */
export const Order = z
  .object({
    id: z.uuid(),
    sku: Product.shape.sku,
    quantity: z.int().min(1).max(100).meta({ example: 2 }),
    email: z.email().max(254).meta({ example: 'ada@example.com' }),
    unitPrice: Money,
    total: Money,
    state: z.enum(['placed', 'confirmed', 'cancelled']),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Order' })

/** An order was placed, and its stock is reserved. */
export const orderPlaced = event({
  type: 'order.placed',
  data: Order,
  summary: 'An order was placed, and its stock is reserved.',
})

/** An order was confirmed, and its receipt is mailed. Its customer may have it sent to an address of one's own. */
export const orderConfirmed = event({
  type: 'order.confirmed',
  data: Order.extend({ owner: z.string() }),
  summary: 'An order was confirmed, and its receipt is mailed.',
  webhook: { owner: 'owner', scopes: ['orders:read'] },
})

/** An order was cancelled, and its stock is back. */
export const orderCancelled = event({
  type: 'order.cancelled',
  data: Order,
  summary: 'An order was cancelled, and its stock is back.',
})
