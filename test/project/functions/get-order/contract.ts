import { endpoint } from 'ebb/contract'
import { Order } from '../../domain/order.ts'

export default endpoint({
  name: 'get-order',
  summary: 'Look up an order, as its owner or with orders:read.',
  method: 'GET',
  path: '/v1/orders/{id}',
  params: Order.pick({ id: true }),
  reply: { status: 200, body: Order },
  failures: { order_not_found: 404 },
  access: { scopes: ['orders:read'], owner: true },
  tool: true,
  timeoutMs: 2_000,
})
