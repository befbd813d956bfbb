import { endpoint } from 'ebb/contract'
import * as z from 'zod'

/** The same for everybody, without a key: what nginx caches. */
export default endpoint({
  name: 'get-news',
  summary: 'What is new.',
  method: 'GET',
  path: '/v1/news',
  reply: { status: 200, body: z.object({ id: z.uuid(), name: z.string() }) },
  access: { anonymous: true },
  cache: { maxAgeSeconds: 3_600, shared: true },
})
