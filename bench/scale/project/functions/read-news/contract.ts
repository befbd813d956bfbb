import { endpoint } from 'ebb/contract'
import * as z from 'zod'

/** Kept by the gateway for all callers. */
export default endpoint({
  name: 'read-news',
  summary: 'Read what is the same for all.',
  method: 'GET',
  path: '/v1/news',
  reply: { status: 200, body: z.object({ news: z.string() }) },
  access: { scopes: ['things:read'] },
  limit: { requests: 100, perSeconds: 1, burst: 200 },
  cache: { maxAgeSeconds: 3_600, shared: true },
})
