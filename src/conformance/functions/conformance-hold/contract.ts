import { endpoint } from 'ebb/contract'
import * as z from 'zod'

const Batch = z.object({
  batch: z
    .string()
    .max(80)
    .regex(/^[A-Z0-9]+(-[A-Z0-9]+)*$/)
    .meta({ example: 'SPRING' }),
  price: z.object({ amount: z.int().min(0), currency: z.enum(['EUR', 'USD']) }),
  seconds: z.int().min(0).max(55).default(0),
})

export default endpoint({
  name: 'conformance-hold',
  summary: 'Hold a batch for some seconds, or until another caller asks for it (`ebb conformance`).',
  description: 'Nobody writes into it meanwhile. A batch whose name begins with `FULL` is refused.',
  method: 'POST',
  path: '/v1/conformance/batches',
  body: Batch,
  reply: { status: 201, body: Batch.pick({ batch: true }), location: '/v1/conformance/batches/{batch}' },
  failures: { batch_full: 409 },
  access: { scopes: ['conformance:hold'] },
  idempotent: true,
  timeoutMs: 60_000,
  scale: { max: 1 },
  examples: { spring: { body: { batch: 'SPRING', price: { amount: 250, currency: 'EUR' } } } },
})
