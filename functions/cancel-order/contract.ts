import { endpoint } from 'ebb/contract'
import { Order, orderCancelled } from '../../domain/order.ts'

export default endpoint({
  name: 'cancel-order',
  summary: 'Cancel an order, placed or confirmed, and put its stock back.',
  description: 'Whoever cancels an order a second time gets it as it is. What was cancelled is not confirmed any more.',
  method: 'POST',
  path: '/v1/orders/{id}/cancellation',
  params: Order.pick({ id: true }),
  reply: { status: 200, body: Order },
  failures: { order_not_found: 404 },
  access: { scopes: ['orders:cancel'], owner: true },
  idempotent: true,
  emits: { 'order.cancelled': orderCancelled },
  timeoutMs: 5_000,
  scale: { max: 2 },
})
