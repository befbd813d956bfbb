import { endpoint, stream } from 'ebb/contract'
import * as z from 'zod'

const Line = z.object({
  batch: z
    .string()
    .max(80)
    .regex(/^[A-Z0-9]+(-[A-Z0-9]+)*$/)
    .meta({ example: 'SPRING' }),
  quantity: z.int().min(1).max(100).meta({ example: 2 }),
})

export default endpoint({
  name: 'conformance-ingest',
  summary: 'Take in lines, all or none (`ebb conformance`).',
  method: 'POST',
  path: '/v1/conformance/lines',
  body: stream({ type: 'application/x-ndjson', item: Line, maxItemBytes: 1_000, maxBytes: 1_000_000 }),
  reply: { status: 200, body: z.object({ lines: z.int() }) },
  access: { scopes: ['conformance:write'] },
  emits: { 'conformance.ingested': Line },
  timeoutMs: 5_000,
  scale: { max: 1 },
  // Its Community Edition runs 15 functions at most.
  targets: { openfaas: false },
})
