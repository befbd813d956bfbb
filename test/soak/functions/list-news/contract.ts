import { endpoint } from 'ebb/contract'
import * as z from 'zod'

export default endpoint({
  name: 'list-news',
  summary: 'List the news, which are the same for everybody.',
  method: 'GET',
  path: '/v1/news',
  query: z.object({ page: z.number().int().min(1).max(1_000).optional() }),
  reply: { status: 200, body: z.object({ echo: z.string() }) },
  access: { anonymous: true },
  cache: { maxAgeSeconds: 86_400, shared: true },
})
