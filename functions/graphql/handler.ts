import { postgres, services } from 'ebb/data'
import { implementGraphql } from 'ebb/http'
import type * as z from 'zod'
import type { Order } from '../../domain/order.ts'
import type { Product } from '../../domain/product.ts'
import { listProducts } from '../../domain/product-list.ts'
import cancelOrder from '../cancel-order/contract.ts'
import contract from './contract.ts'

type OrderRow = z.infer<typeof Order> & { readonly owner: string }

const uses = { sql: postgres, call: services({ cancelOrder }) }

export default implementGraphql(contract, uses, ({ sql, loader }) => {
  const products = loader(
    (skus: readonly string[]) => sql<z.infer<typeof Product>>`
      select *, to_money(price_amount, currency) as price from products where sku = any(${skus})`,
    ({ sku }) => sku,
  )
  return {
    'get-product': async ({ params }, { fail }) =>
      (await products.load(params.sku)) ?? fail('product_not_found', `There is no product ${params.sku}.`),
    'list-products': ({ query }, { fail }) => listProducts(query, { sql, fail }),
    'get-order': async ({ params }, { own, fail }) => {
      const order = await sql.one<OrderRow>`
        select *, to_money(unit_price_amount, currency) as unit_price, to_money(total_amount, currency) as total
        from orders
        where id = ${params.id}`
      if (!order) throw fail('order_not_found', 'There is no such order.')
      own(order.owner)
      return order
    },
  }
})
