import { endpoint } from 'ebb/contract'
import * as z from 'zod'

export default endpoint({
  name: 'conformance-call',
  summary: 'Ask another function who calls (`ebb conformance`).',
  method: 'POST',
  path: '/v1/conformance/calls',
  body: z.object({ afterMs: z.int().min(0).max(60_000), refuse: z.boolean() }),
  reply: {
    status: 200,
    body: z.object({
      caller: z.string(),
      answer: z.object({ caller: z.string(), via: z.string(), correlationId: z.string(), traceId: z.string() }),
    }),
  },
  failures: { not_answered: 422 },
  access: { scopes: ['conformance:write'] },
  calls: ['conformance-answer'],
  timeoutMs: 8_000,
  scale: { max: 1 },
})
