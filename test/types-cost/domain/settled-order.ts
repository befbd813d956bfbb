import * as z from 'zod'

/** What the endpoints of a project share: its types are made once. */
export const SettledOrder = z.object({
  id: z.uuid(),
  sku: z.string().max(50),
  quantity: z.int().min(1),
  note: z.string().max(500).optional(),
  address: z.object({ street: z.string(), city: z.string(), floor: z.int().optional() }),
})
/** What callers may change. */
export const OrderChange = SettledOrder.omit({ id: true })
