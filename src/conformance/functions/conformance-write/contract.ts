import { endpoint } from 'ebb/contract'
import * as z from 'zod'

const Entry = z.object({
  id: z.string().max(300),
  batch: z
    .string()
    .max(80)
    .regex(/^[A-Z0-9]+(-[A-Z0-9]+)*$/)
    .meta({ example: 'SPRING' }),
  quantity: z.int().min(1).max(100).meta({ example: 2 }),
  email: z.email().max(254).meta({ example: 'ada@example.com' }),
})

export default endpoint({
  name: 'conformance-write',
  summary: 'Write an entry into a batch (`ebb conformance`).',
  description:
    'Waits while `conformance-hold` has the batch. There is no batch whose name begins with `NONE`, and no room in one that begins with `FULL`.',
  method: 'POST',
  path: '/v1/conformance/entries',
  body: Entry.omit({ id: true }),
  reply: { status: 201, body: Entry, location: '/v1/conformance/entries/{id}' },
  failures: { batch_full: 409, batch_not_found: 404 },
  access: { scopes: ['conformance:write'] },
  tool: { destructive: false },
  idempotent: true,
  async: true,
  emits: { 'conformance.written': Entry },
  timeoutMs: 5_000,
  scale: { max: 2 },
  examples: { spring: { body: { batch: 'SPRING', quantity: 2, email: 'ada@example.com' } } },
})
