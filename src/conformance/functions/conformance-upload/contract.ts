import { endpoint, stream } from 'ebb/contract'
import * as z from 'zod'

export default endpoint({
  name: 'conformance-upload',
  summary: 'Count the bytes of what is sent (`ebb conformance`).',
  method: 'POST',
  path: '/v1/conformance/uploads',
  body: stream({ type: ['application/octet-stream', 'text/*'], maxBytes: 1_000_000 }),
  reply: { status: 200, body: z.object({ bytes: z.int(), type: z.string() }) },
  access: { anonymous: true },
  limit: { requests: 50, perSeconds: 1, burst: 100 },
  scale: { max: 1 },
  // Its Community Edition runs 15 functions at most.
  targets: { openfaas: false },
})
