import { event } from 'ebb/contract'
import * as z from 'zod'
import { Money } from './money.ts'
import { Product } from './product.ts'

/** One product, at the price that it had when the order was taken. */
export const Order = z
  .object({
    id: z.uuid(),
    sku: Product.shape.sku,
    quantity: z.int().min(1).max(100).meta({ example: 2 }),
    email: z.email().max(254).meta({ example: 'ada@example.com' }),
    unitPrice: Money,
    total: Money,
    state: z.enum(['placed', 'confirmed']),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Order' })

/** An order was taken, and its stock is reserved. */
export const orderPlaced = event({
  type: 'order.placed',
  data: Order,
  summary: 'An order was taken, and its stock is reserved.',
})

/** An order stands, and its buyer has the receipt. */
export const orderConfirmed = event({
  type: 'order.confirmed',
  data: Order,
  summary: 'An order stands, and its buyer has the receipt.',
})
