import { randomUUID } from 'node:crypto'
import type { WebhookEvent } from '../../src/contract/index.ts'
import { startServices } from '../support/start-services.ts'

export const WEBHOOK_KEY = 'k'.repeat(32)

const EVENTS: readonly WebhookEvent[] = [
  { type: 'order.placed', summary: 'An order was placed.', owner: 'by', scopes: [] },
  { type: 'order.refunded', owner: 'by', scopes: ['refunds:read'] },
  { type: 'price.changed', scopes: [] },
]

/** Gateway and relays on one database, with events for customers and no function. */
export async function startPlatform(
  databaseUrl: string,
  { env = {} }: { readonly env?: Readonly<Record<string, string>> } = {},
) {
  const services = await startServices(databaseUrl, {
    webhookEvents: EVENTS,
    env: { EBB_WEBHOOK_KEY: WEBHOOK_KEY, EBB_WEBHOOK_TIMEOUT_MS: '1000', ...env },
  })
  return {
    ...services,
    /** Emits as a function's transaction does. Returns the id. */
    emit: async (type: string, data: object, { tenant = null as string | null } = {}) => {
      const id = randomUUID()
      await services.pool.query(
        `insert into ebb.outbox (id, type, source, payload, traceparent, correlation_id, caller_id, hops, tenant)
         values ($1, $2, '/test', $3, '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00', 'c', 'x', 0, $4)`,
        [id, type, JSON.stringify(data), tenant],
      )
      await services.pool.query(`notify ebb_outbox, 'events'`)
      return id
    },
  }
}

export type TestPlatform = Awaited<ReturnType<typeof startPlatform>>

/** What one customer does. */
export function customer({ url }: Pick<TestPlatform, 'url'>, token: string) {
  const ask = async (method: string, path = '', body?: unknown, headers: Readonly<Record<string, string>> = {}) => {
    const response = await fetch(`${url}/v1/webhooks${path}`, {
      method,
      headers: { 'x-api-key': token, 'content-type': 'application/json', 'idempotency-key': randomUUID(), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    // Whatever a test asks for of it.
    // biome-ignore lint/suspicious/noExplicitAny: the tests look at all of the API's answers
    return { status: response.status, headers: response.headers, body: (text ? JSON.parse(text) : undefined) as any }
  }
  return {
    get: (path = '') => ask('GET', path),
    post: (path: string, body?: unknown, headers?: Readonly<Record<string, string>>) =>
      ask('POST', path, body, headers),
    patch: (path: string, body: unknown) => ask('PATCH', path, body),
    remove: (path: string) => ask('DELETE', path),
  }
}
