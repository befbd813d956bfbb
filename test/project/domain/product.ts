import * as z from 'zod'

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
      .regex(/^\P{Cc}*$/u)
      .meta({ example: 'Brass Lamp' }),
    cents: z.int().min(0).max(1_000_000_000).meta({ example: 8900 }),
    stock: z.int().min(0).max(1_000_000).meta({ example: 120 }),
  })
  .meta({ id: 'Product' })
