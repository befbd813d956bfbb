import { postgres, services } from 'ebb/data'
import { implementGraphql } from 'ebb/http'
import type * as z from 'zod'
import type { Order } from '../../../project/domain/order.ts'
import type { Product } from '../../../project/domain/product.ts'
import createProduct from '../../../project/functions/create-product/contract.ts'
import contract from './contract.ts'

type OrderRow = z.infer<typeof Order> & { readonly owner: string }

const uses = { sql: postgres, call: services({ createProduct }) }

export default implementGraphql(contract, uses, ({ sql, loader }) => {
  const orders = loader(
    (ids: readonly string[]) => sql<OrderRow>`select * from orders where id = any(${ids})`,
    ({ id }) => id,
  )
  return {
    'list-products': async ({ query }) => ({
      items: await sql<z.infer<typeof Product>>`select * from products order by sku limit ${query.limit}`,
    }),
    'get-order': async ({ params }, { own, fail }) => {
      const order = await orders.load(params.id)
      if (!order) throw fail('order_not_found', 'There is no such order.')
      own(order.owner)
      return order
    },
  }
})
