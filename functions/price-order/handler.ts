import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import type * as z from 'zod'
import type { Money } from '../../domain/money.ts'
import contract from './contract.ts'

interface Price {
  readonly unitPrice: z.infer<typeof Money>
  readonly total: z.infer<typeof Money>
}

export default implement(contract, { sql: postgres }, async ({ body: { sku, quantity } }, { sql, fail }) => {
  const price = await sql.one<Price>`
    select to_money(price_amount, currency) as unit_price, to_money(price_amount * ${quantity}, currency) as total
    from products
    where sku = ${sku}`
  if (!price) throw fail('product_not_found', `There is no product ${sku}.`)
  return price
})
