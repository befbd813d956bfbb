import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import type * as z from 'zod'
import type { Order } from '../../domain/order.ts'
import contract from './contract.ts'

type Row = z.infer<typeof Order> & { readonly owner: string }

export default implement(contract, { sql: postgres }, async ({ params }, { sql, own, emit, fail }) => {
  // Locked: whoever confirms or cancels it at the same time comes before or after.
  const order = await sql.one<Row>`
    select *, to_money(unit_price_amount, currency) as unit_price, to_money(total_amount, currency) as total
    from orders
    where id = ${params.id}
    for update`
  if (!order) throw fail('order_not_found', 'There is no such order.')
  own(order.owner)
  if (order.state === 'cancelled') return order

  const cancelled = { ...order, state: 'cancelled' as const }
  await sql`update orders set state = 'cancelled' where id = ${order.id}`
  await sql`update products set stock = stock + ${order.quantity} where sku = ${order.sku}`
  await emit('order.cancelled', cancelled, { subject: order.id })
  return cancelled
})
