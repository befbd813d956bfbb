import * as z from 'zod'
import { Money } from './money.ts'

export const Product = z
  .object({
    sku: z
      .string()
      .max(40)
      .regex(/^[A-Z0-9]+(-[A-Z0-9]+)*$/)
      .meta({ example: 'LAMP-BRASS-01' }),
    name: z
      .string()
      .trim()
      .min(1)
      .max(120)
      .regex(/^\P{Cc}*$/u, 'One line without control characters')
      .meta({ example: 'Brass Desk Lamp' }),
    category: z
      .string()
      .max(40)
      .regex(/^[a-z]+(-[a-z]+)*$/)
      .meta({ example: 'lighting' }),
    // Low enough that the total of the largest order is still a safe integer.
    price: Money.extend({ amount: Money.shape.amount.max(1_000_000_000) }),
    stock: z.int().min(0).max(1_000_000).meta({ example: 120 }),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Product' })
