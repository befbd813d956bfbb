import { endpoint } from 'ebb/contract'
import { Product } from '../../domain/product.ts'

export default endpoint({
  name: 'create-product',
  summary: 'Put a product on the shelves.',
  method: 'POST',
  path: '/v1/products',
  body: Product.omit({ createdAt: true }),
  reply: { status: 201, body: Product, location: '/v1/products/{sku}' },
  failures: { sku_taken: 409 },
  access: { scopes: ['products:write'] },
  idempotent: true,
  timeoutMs: 5_000,
  scale: { max: 5 },
})
