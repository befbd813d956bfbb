import { mail, postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import { type NamedOrder, SENDER } from '../../domain/mail.ts'
import contract from './contract.ts'
import { receiptOf } from './receipt.ts'

export default implement(contract, { sql: postgres, mail }, async ({ event, data }, { sql, mail, emit, fail }) => {
  const order = await sql.one<NamedOrder & { readonly owner: string }>`
    update orders set state = 'confirmed'
    from products
    where id = ${data.id} and state = 'placed' and products.sku = orders.sku
    returning orders.*, products.name,
      to_money(unit_price_amount, orders.currency) as unit_price, to_money(total_amount, orders.currency) as total`
  if (!order) {
    const found = await sql.one<{ state: string }>`select state from orders where id = ${data.id}`
    // Its owner was faster: there is nothing to confirm, and nothing wrong.
    if (found?.state === 'cancelled') return
    throw fail('order_not_placed', `No order ${data.id} waits to be confirmed.`)
  }

  await emit('order.confirmed', order, { subject: order.id })
  await mail.send({
    messageId: `${event.id}@receipt.example.com`,
    from: SENDER,
    to: order.email,
    ...receiptOf(order),
  })
})
