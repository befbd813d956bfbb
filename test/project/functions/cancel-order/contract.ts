import { endpoint } from 'ebb/contract'
import { Order } from '../../domain/order.ts'

export default endpoint({
  name: 'cancel-order',
  summary: 'Cancel an order, where the policy allows it.',
  method: 'DELETE',
  path: '/v1/orders/{id}',
  params: Order.pick({ id: true }),
  reply: { status: 200, body: Order },
  failures: { order_not_found: 404 },
  access: { scopes: ['orders:write'], policy: true },
  tool: true,
})
