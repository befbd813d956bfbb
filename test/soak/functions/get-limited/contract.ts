import { endpoint } from 'ebb/contract'
import * as z from 'zod'

export default endpoint({
  name: 'get-limited',
  summary: 'Look up what may be looked up seldom.',
  method: 'GET',
  path: '/v1/limited',
  reply: { status: 200, body: z.object({ echo: z.string() }) },
  access: { anonymous: true },
  limit: { requests: 5, perSeconds: 1 },
})
