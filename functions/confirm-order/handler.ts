import { mail, postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import type * as z from 'zod'
import { formatMoney } from '../../domain/money.ts'
import type { Order } from '../../domain/order.ts'
import contract from './contract.ts'

type Row = z.infer<typeof Order> & { readonly name: string }

export default implement(contract, { sql: postgres, mail }, async ({ event, data }, { sql, mail, emit, fail }) => {
  const order = await sql.one<Row>`
    update orders set state = 'confirmed'
    from products
    where id = ${data.id} and state = 'placed' and products.sku = orders.sku
    returning orders.*, products.name,
      to_money(unit_price_amount, orders.currency) as unit_price, to_money(total_amount, orders.currency) as total`
  if (!order) throw fail('order_not_placed', `No order ${data.id} waits to be confirmed.`)

  await emit('order.confirmed', order, { subject: order.id })
  await mail.send({
    messageId: `${event.id}@receipt.example.com`,
    from: 'Ebb <hello@example.com>',
    to: order.email,
    subject: `Your receipt: ${order.name}`,
    text: receiptOf(order),
  })
})

const receiptOf = ({ id, sku, name, quantity, unitPrice, total }: Row) =>
  [
    'Thank you, your order is confirmed.',
    '',
    `  ${quantity} × ${name} (${sku}) at ${formatMoney(unitPrice)}`,
    `  Total: ${formatMoney(total)}`,
    '',
    `Order ${id}`,
    '',
  ].join('\n')
