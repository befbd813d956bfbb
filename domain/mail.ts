import type * as z from 'zod'
import { formatMoney } from './money.ts'
import type { Order } from './order.ts'

/** Who sends the shop's mail. */
export const SENDER = 'Ebb <hello@example.com>'

/** An order with what its product is called. */
export type NamedOrder = z.infer<typeof Order> & { readonly name: string }

/** The line of an order in a mail, for people. */
export const lineOf = ({ quantity, name, sku, unitPrice }: NamedOrder) =>
  `${quantity} × ${name} (${sku}) at ${formatMoney(unitPrice)}`
