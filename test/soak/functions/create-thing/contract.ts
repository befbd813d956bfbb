import { endpoint } from 'ebb/contract'
import * as z from 'zod'

export default endpoint({
  name: 'create-thing',
  summary: 'Create a thing.',
  method: 'POST',
  path: '/v1/things',
  body: z.object({ name: z.string().max(100) }),
  reply: { status: 201, body: z.object({ echo: z.string() }) },
  access: { scopes: ['things:write'] },
  idempotent: true,
  scale: { max: 100, concurrency: 100 },
})
