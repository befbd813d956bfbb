import { endpoint } from 'ebb/contract'
import * as z from 'zod'

export default endpoint({
  name: 'get-thing',
  // Each set of contracts has another number here.
  summary: 'Look up a thing (revision 0).',
  method: 'GET',
  path: '/v1/things/{id}',
  params: z.object({ id: z.string().max(40) }),
  query: z.object({ limit: z.number().int().max(100).optional() }),
  reply: { status: 200, body: z.object({ echo: z.string() }) },
  access: { scopes: ['things:read'] },
  scale: { max: 100, concurrency: 100 },
})
