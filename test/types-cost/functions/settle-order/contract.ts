import { endpoint, mergePatch } from 'ebb/contract'
import * as z from 'zod'
import { OrderChange, SettledOrder } from '../../domain/settled-order.ts'

export default endpoint({
  name: 'settle-order',
  summary: 'Settle an order: with all that replies can have.',
  method: 'PATCH',
  path: '/v1/orders/{id}',
  params: z.object({ id: z.uuid() }),
  cookies: z.object({ session: z.string() }),
  body: mergePatch(OrderChange),
  reply: [
    {
      status: 200,
      body: SettledOrder,
      headers: z.object({ 'x-total': z.number() }),
      cookies: { session: { value: z.string() } },
    },
    { status: 204 },
    { status: 303, locations: ['https://pay.example.com/*'] },
  ],
  failures: { order_not_found: 404, order_closed: 409 },
  access: { scopes: ['orders:write'] },
  conditional: true,
  emits: { 'order.settled': SettledOrder },
})
