import { endpoint, stream } from 'ebb/contract'
import * as z from 'zod'

export default endpoint({
  name: 'put-rows',
  summary: 'Store rows.',
  method: 'POST',
  path: '/v1/rows',
  body: stream({
    type: 'application/x-ndjson',
    item: z.object({ id: z.int(), sensor: z.string().max(40), at: z.iso.datetime(), celsius: z.number().min(-90) }),
    maxBytes: 10_000_000_000,
    maxItemBytes: 1_000,
  }),
  reply: { status: 200, body: z.object({ rows: z.int() }) },
  failures: { row_refused: 422 },
  access: { anonymous: true },
})
