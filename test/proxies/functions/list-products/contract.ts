import { endpoint } from 'ebb/contract'
import * as z from 'zod'

export default endpoint({
  name: 'list-products',
  summary: 'List the products, as the old shop did.',
  method: 'GET',
  path: '/shop/products',
  reply: { status: 200, body: z.array(z.string()) },
  access: { scopes: ['orders:write'] },
})
