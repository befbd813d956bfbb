import { subscriber } from 'ebb/contract'
import { orderCancelled } from '../../domain/order.ts'

export default subscriber({
  name: 'send-cancellation-email',
  summary: 'Tell a customer by e-mail that an order was cancelled.',
  on: orderCancelled,
  retry: { attempts: 8, minDelayMs: 1_000, maxDelayMs: 60_000 },
  timeoutMs: 5_000,
  scale: { max: 2 },
  targets: { openfaas: false },
})
