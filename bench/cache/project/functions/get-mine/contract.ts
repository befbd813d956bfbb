import { endpoint } from 'ebb/contract'
import * as z from 'zod'

/** Each caller's own, with every policy that the gateway has for a read. */
export default endpoint({
  name: 'get-mine',
  summary: 'What is mine.',
  method: 'GET',
  path: '/v1/mine/{id}',
  params: z.object({ id: z.uuid() }),
  query: z.object({ fields: z.string().max(100).optional() }),
  reply: { status: 200, body: z.object({ id: z.uuid(), name: z.string() }) },
  access: { scopes: ['things:read'] },
  limit: { requests: 10_000, perSeconds: 1, burst: 10_000 },
  cache: { maxAgeSeconds: 3_600 },
})
