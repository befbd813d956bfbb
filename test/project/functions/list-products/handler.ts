import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import type * as z from 'zod'
import type { Product } from '../../domain/product.ts'
import contract from './contract.ts'

export default implement(contract, { sql: postgres }, async ({ query }, { sql }) => {
  const { name = null, inStock = null, sort, limit } = query
  const items = await sql<z.infer<typeof Product>>`
    select * from products
    where (${name}::text is null or name = ${name}) and (${inStock}::boolean is null or (stock > 0) = ${inStock})
    order by ${sql.identifier(sort)}
    limit ${limit}`
  return { items }
})
