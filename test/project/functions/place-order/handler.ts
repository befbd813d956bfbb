import { randomUUID } from 'node:crypto'
import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import type * as z from 'zod'
import type { Order } from '../../domain/order.ts'
import contract from './contract.ts'

export default implement(contract, { sql: postgres }, async ({ body }, { sql, caller, emit, fail }) => {
  const order = await sql.one<z.infer<typeof Order>>`
    with taken as (
      update products set stock = stock - ${body.quantity}
      where sku = ${body.sku} and stock >= ${body.quantity}
      returning sku, cents
    )
    insert into orders (id, owner, sku, quantity, email, cents)
    select ${randomUUID()}, ${caller.sub}, sku, ${body.quantity}, ${body.email}, cents
    from taken
    returning *`
  if (!order) {
    const product = await sql.one<{ stock: number }>`select stock from products where sku = ${body.sku}`
    if (!product) throw fail('product_not_found', `There is no product ${body.sku}.`)
    throw fail('out_of_stock', `The stock of ${body.sku} does not cover ${body.quantity}.`, {
      data: { left: product.stock },
    })
  }
  await emit('order.placed', order, { subject: order.id })
  return order
})
