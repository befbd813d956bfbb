import { subscriber } from 'ebb/contract'
import { orderConfirmed, orderPlaced } from '../../domain/order.ts'

export default subscriber({
  name: 'confirm-order',
  summary: 'Confirm a placed order and mail its receipt.',
  on: orderPlaced,
  emits: { 'order.confirmed': orderConfirmed },
  failures: { order_not_placed: 409 },
  retry: { attempts: 8, minDelayMs: 1_000, maxDelayMs: 60_000 },
  timeoutMs: 5_000,
  scale: { max: 5 },
})
