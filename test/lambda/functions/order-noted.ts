import { event } from 'ebb/contract'
import * as z from 'zod'

export const orderNoted = event({
  type: 'order.noted',
  summary: 'An order was noted elsewhere.',
  data: z.object({ id: z.string(), quantity: z.int() }),
})
