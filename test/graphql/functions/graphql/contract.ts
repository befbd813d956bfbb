import { graphql } from 'ebb/contract'
import { orderPlaced } from '../../../project/domain/order.ts'
import { userCreated } from '../../../project/domain/user.ts'
import createProduct from '../../../project/functions/create-product/contract.ts'
import getOrder from '../../../project/functions/get-order/contract.ts'
import listProducts from '../../../project/functions/list-products/contract.ts'

export default graphql({
  name: 'graphql',
  summary: 'Products and orders.',
  path: '/v1/graphql',
  query: { products: listProducts, order: getOrder },
  mutation: { createProduct },
  subscription: {
    orderPlaced: { on: orderPlaced, anyone: true, by: ['sku'] },
    userCreated: { on: userCreated, anyone: true, scopes: ['products:write'] },
  },
  depth: 6,
  introspection: true,
  access: { anonymous: true },
})
