import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import type * as z from 'zod'
import type { Payment } from '../../domain/payment.ts'
import contract from './contract.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

export default implement(contract, { sql: postgres }, async ({ data }, { sql, emit, fail, log }) => {
  const session = data.payload.data.object
  // A session whose payment takes days completes first, and says later that it was paid.
  if (session.payment_status !== 'paid') return log.info({ session: session.id }, 'not paid yet')
  const orderId = session.client_reference_id ?? ''
  const order = UUID.test(orderId)
    ? await sql.one<{ total: number; currency: string }>`
        select total_amount as total, currency from orders where id = ${orderId} for update`
    : undefined
  if (!order) throw fail('order_unknown', `Session ${session.id} is for no order.`)
  const currency = session.currency?.toUpperCase()
  if (session.amount_total !== order.total || currency !== order.currency)
    throw fail('amount_differs', `Session ${session.id} is over another sum than order ${orderId}.`)

  const payment = await sql.one<z.infer<typeof Payment>>`
    insert into payments (id, order_id, amount, currency)
    values (${session.id}, ${orderId}, ${order.total}, ${order.currency})
    on conflict do nothing
    returning id, order_id, to_money(amount, currency) as amount, paid_at`
  if (payment) await emit('order.paid', payment, { subject: orderId })
})
