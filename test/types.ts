/**
 * What the types promise, held by the compiler: `npm run types` fails where a promise is broken, and where one of the
 * refusals below is no longer an error.
 */
import { applyPatch, endpoint, event, mergePatch, payload, receive, schedule, subscriber } from 'ebb/contract'
import { policy, postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import * as z from 'zod'

const Order = z.object({ id: z.string(), sku: z.string(), quantity: z.number() })
const orderPlaced = event({ type: 'order.placed', data: Order })

const orderPlacedV2 = event({
  ...{ type: 'order.placed', version: 2, data: Order.extend({ gift: z.boolean() }) },
  upcast: { from: orderPlaced, data: (order) => ({ ...order, gift: order.quantity > 1 }) },
})
orderPlacedV2.type satisfies 'order.placed'
const gift = z.object({ gift: z.boolean() })
// @ts-expect-error the older version has no such data
event({ type: 'order.placed', version: 2, data: gift, upcast: { from: orderPlaced, data: ({ nope }) => nope } })
// @ts-expect-error the newer version has other data
event({ type: 'order.placed', version: 2, data: gift, upcast: { from: orderPlaced, data: (order) => order } })

const placeOrder = endpoint({
  name: 'place-order',
  summary: 'Take an order.',
  method: 'POST',
  path: '/v1/orders',
  query: z.object({ dry: z.boolean().optional() }),
  body: Order.omit({ id: true }),
  reply: { status: 201, body: Order },
  failures: { out_of_stock: 409, too_few: { status: 409, data: z.object({ left: z.int() }) } },
  access: { scopes: ['orders:write'] },
  idempotent: true,
  emits: { 'order.placed': orderPlaced, 'stock.moved': z.object({ sku: z.string() }) },
  secrets: ['STRIPE_KEY'],
})

implement(placeOrder, { sql: postgres }, async ({ body, query, params }, { fail, emit, sql, secrets, signal }) => {
  body.quantity satisfies number
  query.dry satisfies boolean | undefined
  params satisfies undefined
  secrets.STRIPE_KEY.reveal() satisfies string
  // @ts-expect-error a secret is no text
  secrets.STRIPE_KEY satisfies string
  signal satisfies AbortSignal
  fail('out_of_stock', 'Sold out.')
  // @ts-expect-error the contract declares no such failure
  fail('nope', 'x')
  fail('too_few', 'Few.', { data: { left: 2 } })
  // @ts-expect-error the contract declares data of this failure
  fail('too_few', 'Few.')
  // @ts-expect-error the contract declares other data
  fail('too_few', 'Few.', { data: { left: 'two' } })
  // @ts-expect-error the contract declares no data of this one
  fail('out_of_stock', 'Sold out.', { data: { left: 2 } })
  await emit('order.placed', { id: 'x', ...body })
  await emit('stock.moved', { sku: 'x' })
  // @ts-expect-error the contract names no such event
  await emit('order.lost', { sku: 'x' })
  // @ts-expect-error the event has other data
  await emit('stock.moved', { sku: 7 })
  // @ts-expect-error the contract names no such secret
  secrets.OTHER_KEY
  // @ts-expect-error unknown to the body
  body.colour
  await sql.one<{ id: string }>`select 1`
  return { id: 'x', ...body }
})

// @ts-expect-error the reply lacks its id
implement(placeOrder, { sql: postgres }, async ({ body }) => body)

// @ts-expect-error a resource that it did not ask for
implement(placeOrder, { sql: postgres }, async ({ body }, { redis }) => redis ?? { id: 'x', ...body })

const getOrder = endpoint({
  name: 'get-order',
  summary: 'Look an order up.',
  method: 'GET',
  path: '/v1/orders/{id}',
  params: z.object({ id: z.number() }),
  reply: { status: 200, body: Order },
  access: { owner: true },
})
implement(getOrder, { sql: postgres }, async ({ params, body }, { own, emit }) => {
  own('ada')
  params.id satisfies number
  body satisfies undefined
  // @ts-expect-error the contract emits nothing
  await emit('order.placed', {})
  return { id: 'x', sku: 'x', quantity: 1 }
})
implement(placeOrder, { sql: postgres }, async ({ body }, { own }) => {
  // @ts-expect-error only the route of an owner has own()
  own('ada')
  return { id: 'x', ...body }
})

const remove = endpoint({
  name: 'remove-order',
  summary: 'Remove an order.',
  method: 'DELETE',
  path: '/v1/orders/{id}',
  params: z.object({ id: z.string() }),
  reply: { status: 204 },
  access: { scopes: ['orders:write'] },
})
implement(remove, { sql: postgres }, async () => {})
// @ts-expect-error a 204 has no body
implement(remove, { sql: postgres }, async () => ({ gone: true }))

implement(placeOrder, { sql: postgres }, async ({ body }, { purge, tag }) => {
  purge('orders', `order:${body.sku}`) satisfies Promise<void>
  // @ts-expect-error only the replies to a contract with `cache` are kept
  tag('orders')
  return { id: 'x', ...body }
})
const listOrders = endpoint({
  name: 'list-orders',
  summary: 'List orders.',
  method: 'GET',
  path: '/v1/orders',
  reply: { status: 200, body: z.object({ orders: z.array(Order) }) },
  access: { scopes: ['orders:read'] },
  cache: { maxAgeSeconds: 60, tags: ['orders'] },
})
implement(listOrders, { sql: postgres }, async (_input, { purge, tag }) => {
  tag('order:1', 'order:2')
  // @ts-expect-error a handler that only reads has changed nothing
  purge('orders')
  return { orders: [] }
})

const takeHooks = receive({
  ...({ name: 'take-hooks', summary: 'Take them.', path: '/v1/hooks', provider: 'github' } as const),
  ...{ signedBy: ['HOOKS'], emits: { 'order.placed': orderPlaced } },
  events: { push: z.object({ ref: z.string() }), ping: payload<{ readonly zen: string }>() },
})
implement(takeHooks, { sql: postgres }, async ({ data, event }) => {
  event.id satisfies string
  if (data.event === 'push') data.payload.ref satisfies string
  else data.payload.zen satisfies string
  // @ts-expect-error the contract takes no such event
  if (data.event === 'issues') return
  // @ts-expect-error only a push has that
  data.payload.ref
})
// @ts-expect-error a webhook's handler writes down that it has taken it
implement(takeHooks, {}, async () => {})
// @ts-expect-error no provider is called so; a description is an object
receive({ ...takeHooks, provider: 'gitlab' })

const confirmOrder = subscriber({ name: 'confirm-order', summary: 'Confirm.', on: orderPlaced })
implement(confirmOrder, { sql: postgres }, async ({ data, event }, { purge }) => {
  data.quantity satisfies number
  event.id satisfies string
  purge('orders')
  // @ts-expect-error unknown to the event
  data.colour
})

const countOrders = subscriber({
  ...({ name: 'count-orders', summary: 'Count.', on: orderPlaced, batch: { size: 100, withinMs: 500 } } as const),
  failures: { not_counted: 422 },
})
implement(countOrders, { sql: postgres }, async ({ events }) => {
  for (const { data, event } of events) [data.quantity, event.id] satisfies [number, string]
  return { failed: events.map(({ event: { id } }) => ({ id, failure: 'not_counted', message: 'No.' }) as const) }
})
implement(countOrders, { sql: postgres }, async ({ events }) => ({
  failed: events.map(({ event: { id } }) => ({ id })),
}))
implement(countOrders, { sql: postgres }, async () => {})
// @ts-expect-error its events come together
implement(countOrders, { sql: postgres }, async ({ data }) => void data)
// @ts-expect-error the contract declares no such failure
implement(countOrders, { sql: postgres }, async () => ({ failed: [{ id: '1', failure: 'lost' }] }))
// @ts-expect-error what has failed is called so here
implement(countOrders, { sql: postgres }, async () => ({ batchItemFailures: [] }))
// @ts-expect-error an event that comes alone fails by `fail`
implement(confirmOrder, { sql: postgres }, async () => ({ failed: [{ id: '1' }] }))

// @ts-expect-error a subscriber takes its event in with what it writes: it needs a transaction
implement(confirmOrder, {}, async () => {})
// @ts-expect-error an idempotent one does, too
implement(placeOrder, {}, async ({ body }) => ({ id: 'x', ...body }))

const closeBooks = schedule({ name: 'close-books', summary: 'Close.', cron: '0 3 * * *', failures: { not_yet: 503 } })
implement(closeBooks, { sql: postgres }, async ({ data, event }, { fail }) => {
  data.plannedAt satisfies string
  data.manual satisfies boolean
  event.attempt satisfies number
  if (data.manual) throw fail('not_yet', 'Not yet.')
  // @ts-expect-error a firing says no more
  data.tenant
})
// @ts-expect-error a schedule takes its firing in with what it writes, too
implement(closeBooks, {}, async () => {})
// @ts-expect-error a schedule needs a cron
schedule({ name: 'a', summary: 'b' })
// @ts-expect-error what was missed is skipped, or fires once, or all of it
schedule({ name: 'a', summary: 'b', cron: '0 3 * * *', missed: 'twice' })

const bare = { name: 'a', summary: 'b', method: 'GET', path: '/a', reply: { status: 200, body: Order } } as const
endpoint({ ...bare, access: {} })
// @ts-expect-error failurs is not a property of a contract
endpoint({ ...bare, access: {}, failurs: {} })
// @ts-expect-error access must be said
endpoint(bare)
// @ts-expect-error a path begins with a slash
endpoint({ ...bare, access: {}, path: 'a' })
// @ts-expect-error on takes an event()
subscriber({ name: 'a', summary: 'b', on: 'order.placed' })

const cancelOrder = endpoint({
  name: 'cancel-order',
  summary: 'Cancel an order.',
  method: 'DELETE',
  path: '/v1/orders/{id}',
  params: Order.pick({ id: true }),
  reply: { status: 204 },
  access: { policy: true },
})

implement(cancelOrder, { sql: postgres, policy }, async (_input, { sql, may, policy, own }) => {
  const order = await sql.one<{ id: string; owner: string }>`select * from orders`
  if (!order) return
  await may('cancel', { order })
  await may('list', 'order')
  ;(await policy.allows('cancel', { order }, { as: { sub: 'eve', roles: ['clerk'] } })) satisfies boolean
  // @ts-expect-error the row alone does not say what it is
  await may('cancel', order)
  // @ts-expect-error nothing
  await may('cancel', { order: undefined })
  // @ts-expect-error the contract knows no owner
  own(order.owner)
})

// @ts-expect-error a contract that says `policy` needs the resource
implement(cancelOrder, { sql: postgres }, async () => {})

implement(getOrder, { sql: postgres, policy }, async ({ params }, { may, policy }) => {
  await policy.allows('list', 'order')
  // @ts-expect-error the contract does not say `policy`
  await may('list', 'order')
  return { id: String(params.id), sku: 'x', quantity: 1 }
})

const settleOrder = endpoint({
  name: 'settle-order',
  summary: 'Settle an order.',
  method: 'POST',
  path: '/v1/orders/{id}/settle',
  params: z.object({ id: z.string() }),
  cookies: z.object({ session: z.string(), visits: z.number().optional() }),
  reply: [
    { status: 200, body: Order, headers: z.object({ 'x-total': z.number() }) },
    { status: 202, body: Order, cookies: { session: { value: z.string() } } },
    { status: 204 },
    { status: 303, locations: ['https://pay.example.com/*'] },
    { status: 307, location: '/v1/orders/{id}/receipts/{nr}' },
    { status: 308, location: '/v1/orders' },
  ],
  access: { scopes: ['orders:write'] },
})
const order = { id: 'x', sku: 'x', quantity: 1 }
implement(settleOrder, {}, async ({ cookies }, { reply }) => {
  cookies.session satisfies string
  cookies.visits satisfies number | undefined
  // @ts-expect-error the contract names no such cookie
  cookies.theme
  if (cookies.visits === 1) return reply(200, order, { headers: { 'x-total': 7 } })
  if (cookies.visits === 2) return reply(202, order)
  if (cookies.visits === 3) return reply(202, order, { cookies: { session: null } })
  if (cookies.visits === 4) return reply(204)
  if (cookies.visits === 5) return reply(303, { location: 'https://pay.example.com/7' })
  if (cookies.visits === 6) return reply(307, { location: { id: 'x', nr: 7 } })
  if (cookies.visits === 7) return reply(308)
  // @ts-expect-error the contract declares no such status
  reply(201, order)
  // @ts-expect-error a 204 has no body
  reply(204, order)
  // @ts-expect-error the body is missing
  reply(202)
  // @ts-expect-error another body
  reply(202, { id: 7 })
  // @ts-expect-error the header is missing
  reply(200, order)
  // @ts-expect-error a header of another type
  reply(200, order, { headers: { 'x-total': '7' } })
  // @ts-expect-error that reply sets no cookie
  reply(200, order, { headers: { 'x-total': 7 }, cookies: { session: 'x' } })
  // @ts-expect-error the contract names no such cookie
  reply(202, order, { cookies: { theme: 'dark' } })
  // @ts-expect-error where to is missing
  reply(303)
  // @ts-expect-error a part of the path is missing
  reply(307, { location: { id: 'x' } })
  // @ts-expect-error the address is known
  reply(308, { location: 'https://evil.example' })
  return reply(204)
})
// @ts-expect-error of several replies, the body alone does not say which
implement(settleOrder, {}, async () => order)

const changeOrder = endpoint({
  name: 'change-order',
  summary: 'Change an order.',
  method: 'PATCH',
  path: '/v1/orders/{id}',
  params: z.object({ id: z.string() }),
  body: mergePatch(Order.extend({ note: z.string().optional(), lines: z.array(z.object({ sku: z.string() })) })),
  reply: { status: 200, body: Order },
  access: { scopes: ['orders:write'] },
  conditional: true,
})
implement(changeOrder, {}, async ({ body }, { etag, requireMatch, reply }) => {
  body.sku satisfies string | undefined
  body.note satisfies string | null | undefined
  body.lines satisfies readonly { sku: string }[] | undefined
  // @ts-expect-error only what may be missing may be deleted
  body.sku satisfies null
  requireMatch(7)
  requireMatch(undefined)
  etag('8')
  // @ts-expect-error no version
  etag({})
  // @ts-expect-error there is one reply, which is its body
  reply(200, order)
  return applyPatch(Order, order, body)
})
implement(getOrder, { sql: postgres }, async (_input, { own, etag }) => {
  own('ada')
  // @ts-expect-error the contract does not say `conditional`
  etag(1)
  return order
})
