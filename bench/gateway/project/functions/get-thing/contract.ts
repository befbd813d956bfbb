import { endpoint } from 'ebb/contract'
import * as z from 'zod'

/** An endpoint with every policy that the gateway has for a read. */
export default endpoint({
  name: 'get-thing',
  summary: 'Look up a thing.',
  method: 'GET',
  path: '/v1/things/{id}',
  params: z.object({ id: z.uuid() }),
  query: z.object({ fields: z.string().max(100).optional() }),
  reply: { status: 200, body: z.object({ id: z.uuid(), name: z.string() }) },
  access: { scopes: ['things:read'] },
  limit: { requests: 10_000, perSeconds: 1, burst: 10_000 },
})
