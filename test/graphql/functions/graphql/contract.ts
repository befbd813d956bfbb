import { graphql } from 'ebb/contract'
import createProduct from '../../../project/functions/create-product/contract.ts'
import getOrder from '../../../project/functions/get-order/contract.ts'
import listProducts from '../../../project/functions/list-products/contract.ts'

export default graphql({
  name: 'graphql',
  summary: 'Products and orders.',
  path: '/v1/graphql',
  query: { products: listProducts, order: getOrder },
  mutation: { createProduct },
  depth: 6,
  introspection: true,
  access: { anonymous: true },
})
