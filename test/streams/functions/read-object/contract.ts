import { endpoint } from 'ebb/contract'
import * as z from 'zod'

export default endpoint({
  name: 'read-object',
  summary: 'Send an object.',
  method: 'GET',
  path: '/v1/objects/{id}',
  params: z.object({ id: z.uuid() }),
  reply: { status: 200, stream: { type: 'application/octet-stream', maxMs: 1_800_000 } },
  failures: { object_not_found: 404 },
  access: { anonymous: true },
})
