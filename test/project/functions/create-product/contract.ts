import { endpoint } from 'ebb/contract'
import { Product } from '../../domain/product.ts'

export default endpoint({
  name: 'create-product',
  summary: 'Add a product.',
  method: 'POST',
  path: '/v1/products',
  body: Product,
  reply: { status: 201, body: Product },
  failures: { sku_taken: 409 },
  access: { scopes: ['products:write'] },
  tool: true,
  idempotent: true,
  timeoutMs: 5_000,
})
