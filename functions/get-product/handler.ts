import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import type * as z from 'zod'
import type { Product } from '../../domain/product.ts'
import contract from './contract.ts'

export default implement(contract, { sql: postgres }, async ({ params }, { sql, fail }) => {
  const product = await sql.one<z.infer<typeof Product>>`
    select *, to_money(price_amount, currency) as price
    from products
    where sku = ${params.sku}`
  if (!product) throw fail('product_not_found', `There is no product ${params.sku}.`)
  return product
})
