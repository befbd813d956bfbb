import { randomUUID } from 'node:crypto'
import type { TestEbb } from '../support/ebb.ts'

/** Requests of several kinds: reads and writes, with and without effects, and some that need no function. */
export async function sendMixed(ebb: TestEbb, { requests = 100, callers = 8 } = {}): Promise<void> {
  let sent = 0
  const kinds = [
    () => ebb.call('GET', '/v1/products?limit=3', { key: '' }),
    () => ebb.call('GET', `/v1/orders/${randomUUID()}`),
    () => ebb.call('GET', `/v1/users/${randomUUID()}`),
    () => ebb.call('GET', '/v1/orders/none'),
    () => ebb.call('POST', '/v1/users', { body: { email: 'nobody' } }),
    () => ebb.createUser(`${randomUUID()}@example.com`),
  ]
  const caller = async () => {
    while (sent < requests) {
      const kind = kinds[sent++ % kinds.length]
      const response = await kind?.()
      await response?.arrayBuffer()
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
}
