import { endpoint } from 'ebb/contract'
import * as z from 'zod'

/** An endpoint whose limit is spent with the first request. */
export default endpoint({
  name: 'get-limited',
  summary: 'Look up what is seldom looked up.',
  method: 'GET',
  path: '/v1/limited',
  reply: { status: 200, body: z.object({ name: z.string() }) },
  access: { scopes: ['things:read'] },
  limit: { requests: 1, perSeconds: 3_600 },
})
