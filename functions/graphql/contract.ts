import { graphql } from 'ebb/contract'
import cancelOrder from '../cancel-order/contract.ts'
import getOrder from '../get-order/contract.ts'
import getProduct from '../get-product/contract.ts'
import listProducts from '../list-products/contract.ts'

export default graphql({
  name: 'graphql',
  summary: 'Products and orders, as many as a page needs, in one request.',
  path: '/v1/graphql',
  query: { product: getProduct, products: listProducts, order: getOrder },
  mutation: { cancelOrder },
  links: { Order: { product: { to: getProduct, by: { sku: 'sku' } } } },
  depth: 8,
  introspection: true,
  access: { anonymous: true },
  timeoutMs: 5_000,
  scale: { max: 2 },
  examples: {
    lamps: { body: { query: '{ products(q: "lamp", limit: 5) { items { sku name price { amount } } next } }' } },
  },
})
