import { endpoint } from 'ebb/contract'
import * as z from 'zod'

export default endpoint({
  name: 'conformance-events',
  summary: 'Send three events, from the first one that was not seen (`ebb conformance`).',
  method: 'GET',
  path: '/v1/conformance/events',
  reply: { status: 200, stream: { type: 'text/event-stream', item: z.object({ n: z.int() }) } },
  access: { anonymous: true },
  limit: { requests: 50, perSeconds: 1, burst: 100 },
  scale: { max: 1 },
  // Its Community Edition runs 15 functions at most.
  targets: { openfaas: false },
})
