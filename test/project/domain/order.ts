import { event } from 'ebb/contract'
import * as z from 'zod'
import { Product } from './product.ts'

export const Order = z
  .object({
    id: z.uuid(),
    sku: Product.shape.sku,
    quantity: z.int().min(1).max(100).meta({ example: 2 }),
    email: z.email().max(254).meta({ example: 'ada@example.com' }),
    cents: Product.shape.cents,
    state: z.enum(['placed', 'confirmed']),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Order' })

export const orderPlaced = event({ type: 'order.placed', data: Order, summary: 'An order was placed.' })
