import { graphql } from 'ebb/contract'
import getOrder from '../../../project/functions/get-order/contract.ts'
import listProducts from '../../../project/functions/list-products/contract.ts'

export default graphql({
  name: 'graphql',
  summary: 'Products and orders.',
  path: '/v1/graphql',
  query: { products: listProducts, order: getOrder },
  depth: 6,
  introspection: true,
  access: { anonymous: true },
})
