import { endpoint, mergePatch } from 'ebb/contract'
import * as z from 'zod'
import { OrderChange, SettledOrder } from '../../domain/settled-order.ts'

export default endpoint({
  name: 'settle-order',
  summary: 'Settle an order: with all that replies can have.',
  method: 'PATCH',
  path: '/v1/orders/{id}',
  params: z.object({ id: z.uuid() }),
  query: z.object({ dry: z.boolean().default(false) }),
  headers: z.object({ 'x-region': z.enum(['eu', 'us']).optional() }),
  cookies: z.object({ session: z.string() }),
  body: mergePatch(OrderChange),
  reply: [
    {
      status: 200,
      body: SettledOrder,
      headers: z.object({ 'x-total': z.number(), 'x-tags': z.array(z.string()).optional() }),
    },
    {
      status: 202,
      body: SettledOrder,
      cookies: { session: { value: z.string() }, theme: { value: z.enum(['dark', 'light']) } },
    },
    { status: 204 },
    { status: 303, locations: ['https://pay.example.com/*'] },
    { status: 307, location: '/v1/orders/{id}/receipts/{nr}' },
  ],
  failures: { order_not_found: 404, order_closed: 409 },
  access: { scopes: ['orders:write'] },
  conditional: true,
  emits: { 'order.settled': SettledOrder },
})
