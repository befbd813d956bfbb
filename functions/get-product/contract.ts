import { endpoint } from 'ebb/contract'
import { Product } from '../../domain/product.ts'

export default endpoint({
  name: 'get-product',
  summary: 'Look up a product.',
  method: 'GET',
  path: '/v1/products/{sku}',
  params: Product.pick({ sku: true }),
  reply: { status: 200, body: Product },
  failures: { product_not_found: 404 },
  access: { anonymous: true },
  tool: true,
  timeoutMs: 2_000,
  examples: { lamp: { params: { sku: 'LAMP-BRASS-01' } } },
})
