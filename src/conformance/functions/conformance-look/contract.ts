import { endpoint } from 'ebb/contract'
import * as z from 'zod'

const Batch = z.object({
  batch: z
    .string()
    .max(80)
    .regex(/^[A-Z0-9]+(-[A-Z0-9]+)*$/)
    .meta({ example: 'SPRING' }),
  held: z.boolean(),
})

export default endpoint({
  name: 'conformance-look',
  summary: 'Look whether a batch is held (`ebb conformance`).',
  description: 'There is no batch whose name begins with `NONE`.',
  method: 'GET',
  path: '/v1/conformance/batches/{batch}',
  params: Batch.pick({ batch: true }),
  reply: { status: 200, body: Batch },
  failures: { batch_not_found: 404 },
  access: { anonymous: true },
  conditional: true,
  timeoutMs: 2_000,
  scale: { max: 1 },
  examples: { spring: { params: { batch: 'SPRING' } } },
})
