import { endpoint } from 'ebb/contract'
import * as z from 'zod'

const Entry = z.object({
  id: z
    .string()
    .max(300)
    .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[\w-]+$/)
    .meta({ example: '5f0f5ba4-45b9-4d4c-9c5e-3b7f6a1c0d01.YWRh' }),
  owner: z.string(),
})

export default endpoint({
  name: 'conformance-read',
  summary: 'Look at an entry, as who wrote it or with conformance:read (`ebb conformance`).',
  method: 'GET',
  path: '/v1/conformance/entries/{id}',
  params: Entry.pick({ id: true }),
  reply: { status: 200, body: Entry },
  access: { scopes: ['conformance:read'], owner: true },
  tool: true,
  timeoutMs: 2_000,
  scale: { max: 1 },
})
