import { endpoint } from 'ebb/contract'
import * as z from 'zod'

export default endpoint({
  name: 'conformance-answer',
  summary: 'Say who calls, for another function (`ebb conformance`).',
  method: 'POST',
  path: '/v1/conformance/answers',
  body: z.object({ afterMs: z.int().min(0).max(60_000), refuse: z.boolean() }),
  reply: {
    status: 200,
    body: z.object({ caller: z.string(), via: z.string(), correlationId: z.string(), traceId: z.string() }),
  },
  failures: { no_answer: 409 },
  access: { internal: true },
  reads: true,
  timeoutMs: 60_000,
  scale: { max: 1 },
})
