import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import type * as z from 'zod'
import type { Product } from '../../domain/product.ts'
import contract from './contract.ts'

export default implement(contract, { sql: postgres }, async ({ body }, { sql, fail }) => {
  const product = await sql.one<z.infer<typeof Product>>`
    insert into products (sku, name, cents, stock)
    values (${body.sku}, ${body.name}, ${body.cents}, ${body.stock})
    on conflict do nothing
    returning *`
  if (!product) throw fail('sku_taken', `There is a product ${body.sku} already.`)
  return product
})
