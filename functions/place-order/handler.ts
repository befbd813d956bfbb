import { randomUUID } from 'node:crypto'
import { postgres, services } from 'ebb/data'
import { implement } from 'ebb/http'
import type * as z from 'zod'
import type { Order } from '../../domain/order.ts'
import priceOrder from '../price-order/contract.ts'
import contract from './contract.ts'

const uses = { sql: postgres, call: services({ priceOrder }) }

export default implement(contract, uses, async ({ body }, { sql, call, caller, emit, fail }) => {
  const { sku, quantity, email } = body
  const price = await call.priceOrder({ body: { sku, quantity } })
  if (!price.ok) throw fail(price.code, price.message)
  const { amount, currency } = price.data.unitPrice

  const order = await sql.one<z.infer<typeof Order>>`
    with taken as (
      update products set stock = stock - ${quantity}
      where sku = ${sku} and stock >= ${quantity}
      returning sku
    )
    insert into orders (id, owner, sku, quantity, email, currency, unit_price_amount)
    select ${randomUUID()}, ${caller.sub}, sku, ${quantity}, ${email}, ${currency}, ${amount}
    from taken
    returning *, to_money(unit_price_amount, currency) as unit_price, to_money(total_amount, currency) as total`

  if (!order) {
    const product = await sql.one<{ stock: number }>`select stock from products where sku = ${sku}`
    const data = { left: product?.stock ?? 0 }
    throw fail('out_of_stock', `The stock of ${sku} does not cover ${quantity}.`, { data })
  }
  await emit('order.placed', order, { subject: order.id })
  return order
})
