/**
 * What the client's types promise, held by the compiler: `npm run types` fails where a promise is broken, and where one of
 * the refusals below is no longer an error.
 */
import { endpoint, mergePatch } from 'ebb/contract'
import * as z from 'zod'
import { createClient } from '../src/client/index.ts'
import getUser from './project/functions/get-user/contract.ts'
import sendWelcomeEmail from './project/functions/send-welcome-email/contract.ts'

const Order = z.object({ id: z.string(), sku: z.string(), quantity: z.number() })

const placeOrder = endpoint({
  name: 'place-order',
  summary: 'Take an order.',
  method: 'POST',
  path: '/v1/orders',
  query: z.object({ dry: z.boolean().default(false) }),
  headers: z.object({ 'x-region': z.string() }),
  body: z.object({ sku: z.string(), quantity: z.number().default(1) }),
  reply: { status: 201, body: Order },
  failures: {
    out_of_stock: { status: 409, data: z.object({ left: z.int() }) },
    card_declined: { status: 402, description: 'No.' },
  },
  access: { scopes: ['orders:write'] },
  idempotent: true,
})
const removeOrder = endpoint({
  name: 'remove-order',
  summary: 'Remove an order.',
  method: 'DELETE',
  path: '/v1/orders/{id}',
  params: z.object({ id: z.number() }),
  reply: { status: 204 },
  access: { scopes: ['orders:write'] },
})
const listOrders = endpoint({
  name: 'list-orders',
  summary: 'List orders.',
  method: 'GET',
  path: '/v1/orders',
  query: z.object({ tag: z.array(z.string()).optional() }),
  reply: { status: 200, body: z.object({ orders: z.array(Order) }) },
  access: {},
})

const settleOrder = endpoint({
  name: 'settle-order',
  summary: 'Settle an order.',
  method: 'POST',
  path: '/v1/settle',
  cookies: z.object({ session: z.string() }),
  reply: [
    { status: 200, body: Order, headers: z.object({ 'x-total': z.number() }) },
    { status: 204 },
    { status: 303, locations: ['https://pay.example.com/*'] },
  ],
  failures: { out_of_stock: 409 },
  access: {},
})
const changeOrder = endpoint({
  name: 'change-order',
  summary: 'Change an order.',
  method: 'PATCH',
  path: '/v1/orders/{id}',
  params: z.object({ id: z.number() }),
  body: mergePatch(Order.extend({ note: z.string().optional() })),
  reply: { status: 200, body: Order },
  access: { scopes: ['orders:write'] },
  conditional: true,
})
const dropOrder = endpoint({
  name: 'drop-order',
  summary: 'Drop an order.',
  method: 'DELETE',
  path: '/v1/orders/{id}/drop',
  params: z.object({ id: z.number() }),
  reply: { status: 204 },
  access: { scopes: ['orders:write'] },
  conditional: 'optional',
})

const client = createClient(
  { settleOrder, changeOrder, dropOrder, placeOrder, removeOrder, listOrders, getUser },
  { baseUrl: 'http://localhost', key: 'k' },
)
const headers = { 'x-region': 'eu' }

export async function promises() {
  const result = await client.placeOrder({ body: { sku: 'a' }, headers, idempotencyKey: 'mine', timeoutMs: 1_000 })
  result.correlationId satisfies string
  if (result.ok) {
    result.status satisfies 201
    result.data satisfies { id: string; sku: string; quantity: number }
    result.headers satisfies Headers
    // @ts-expect-error unknown to the reply
    result.data.colour
    // @ts-expect-error a success has no error
    result.error
    return
  }
  // @ts-expect-error not every failure has data
  result.data
  if (result.error === 'out_of_stock') [result.status, result.data] satisfies [409, { left: number }]
  if (result.error === 'card_declined') {
    result.status satisfies 402
    // @ts-expect-error this one has none
    result.data
  }
  if (result.error === 'network') result.status satisfies undefined
  switch (result.error) {
    case 'out_of_stock':
    case 'card_declined':
    case 'in_progress':
    case 'timeout':
      return
    // @ts-expect-error the contract declares no such failure
    case 'user_not_found':
      return
  }
  // @ts-expect-error what is left is the platform's
  result.error satisfies never
}

export async function everyDeclaredFailureIsThere() {
  const result = await client.getUser({ params: { id: 'x' } })
  if (result.ok) return
  // @ts-expect-error user_not_found is left
  const platform: 'network' | 'timeout' | 'aborted' | Exclude<typeof result.error, 'user_not_found'> = result.error
  return platform
}

export async function everyReplyIsTold() {
  const result = await client.settleOrder({ cookies: { session: 'x' } })
  if (!result.ok) return result.error
  switch (result.status) {
    case 200:
      result.data satisfies { id: string; sku: string; quantity: number }
      result.replyHeaders['x-total'] satisfies number
      // @ts-expect-error the contract names no such header
      return result.replyHeaders['x-other']
    case 204:
      // @ts-expect-error a 204 has none
      result.replyHeaders
      return result.data satisfies undefined
    case 303:
      return result.location satisfies string
    // @ts-expect-error there is no such reply
    case 201:
      return
  }
}

export async function versions() {
  const changed = await client.changeOrder({ params: { id: 7 }, body: { note: null }, ifMatch: '"1"' })
  if (changed.ok) changed.etag satisfies string
  await client.changeOrder({ params: { id: 7 }, body: {}, ifNoneMatch: '*' })
  await client.dropOrder({ params: { id: 7 } })
  await client.dropOrder({ params: { id: 7 }, ifMatch: '"1"' })
  // @ts-expect-error a version must be said
  await client.changeOrder({ params: { id: 7 }, body: {} })
  // @ts-expect-error it cannot be deleted
  await client.changeOrder({ params: { id: 7 }, body: { sku: null }, ifMatch: '"1"' })
  // @ts-expect-error no versions here
  await client.placeOrder({ headers, body: { sku: 'a' }, ifMatch: '"1"' })
}

export async function refusals() {
  await client.listOrders()
  await client.listOrders({ query: { tag: ['a'] }, signal: AbortSignal.timeout(1) })
  const removed = await client.removeOrder({ params: { id: 7 } })
  if (removed.ok) removed.data satisfies undefined
  // @ts-expect-error params are missing
  await client.removeOrder()
  // @ts-expect-error a number is declared
  await client.removeOrder({ params: { id: '7' } })
  // @ts-expect-error a parameter that the path does not have
  await client.removeOrder({ params: { id: 7, name: 'x' } })
  // @ts-expect-error it is not idempotent, so nothing would act on the key
  await client.removeOrder({ params: { id: 7 }, idempotencyKey: 'x' })
  // @ts-expect-error a DELETE has no body
  await client.removeOrder({ params: { id: 7 }, body: {} })
  // @ts-expect-error the body is missing
  await client.placeOrder({ headers })
  // @ts-expect-error the header is missing
  await client.placeOrder({ body: { sku: 'a' } })
  // @ts-expect-error unknown to the body
  await client.placeOrder({ headers, body: { sku: 'a', colour: 'red' } })
  // @ts-expect-error a field of another type
  await client.placeOrder({ headers, body: { sku: 7 } })
  // @ts-expect-error a query of another type
  await client.placeOrder({ headers, body: { sku: 'a' }, query: { dry: 'yes' } })
  // @ts-expect-error unknown to the query
  await client.listOrders({ query: { tags: ['a'] } })
  // @ts-expect-error there is no such endpoint
  await client.placeOrders()
  // @ts-expect-error an option that no call has
  await client.listOrders({ timeout: 5 })
}

// @ts-expect-error only the relay calls a subscriber
createClient({ sendWelcomeEmail }, { baseUrl: 'http://localhost' })
// @ts-expect-error a client must know where
createClient({ getUser }, { key: 'k' })
// @ts-expect-error an option that no client has
createClient({ getUser }, { baseUrl: 'http://localhost', timeout: 5 })
