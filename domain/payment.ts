import { event } from 'ebb/contract'
import * as z from 'zod'
import { Money } from './money.ts'

/** What a provider has taken for an order. */
export const Payment = z
  .object({
    id: z.string().meta({ example: 'cs_test_a1b2c3' }),
    orderId: z.uuid(),
    amount: Money,
    paidAt: z.iso.datetime(),
  })
  .meta({ id: 'Payment' })

/** An order was paid, whole. */
export const orderPaid = event({ type: 'order.paid', data: Payment, summary: 'An order was paid, whole.' })
