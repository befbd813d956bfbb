import { endpoint, stream } from 'ebb/contract'
import * as z from 'zod'

export default endpoint({
  name: 'store-object',
  summary: 'Store a file of any size.',
  method: 'POST',
  path: '/v1/objects',
  body: stream({ type: 'application/octet-stream', maxBytes: 4 * 2 ** 30, maxMs: 1_800_000 }),
  reply: { status: 200, body: z.object({ id: z.uuid(), bytes: z.int(), sha256: z.string().nullable() }) },
  access: { anonymous: true },
  timeoutMs: 300_000,
})
