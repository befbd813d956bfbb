import { endpoint, stream } from 'ebb/contract'
import * as z from 'zod'

export default endpoint({
  name: 'keep-file',
  summary: 'Count the bytes of a file of any size.',
  method: 'POST',
  path: '/v1/files',
  body: stream({ type: 'application/octet-stream', maxBytes: 4 * 2 ** 30, maxMs: 1_800_000 }),
  reply: { status: 200, body: z.object({ bytes: z.int() }) },
  access: { anonymous: true },
})
