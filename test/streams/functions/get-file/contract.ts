import { endpoint } from 'ebb/contract'
import * as z from 'zod'

export default endpoint({
  name: 'get-file',
  summary: 'Send a file of any size.',
  method: 'GET',
  path: '/v1/files',
  query: z.object({ bytes: z.int() }),
  reply: { status: 200, stream: { type: 'application/octet-stream', maxMs: 1_800_000 } },
  access: { anonymous: true },
})
