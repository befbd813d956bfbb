import { endpoint } from 'ebb/contract'
import * as z from 'zod'
import { Thing } from '../../thing.ts'

export default endpoint({
  name: 'find-thing',
  summary: 'Reads without a transaction.',
  method: 'GET',
  path: '/v1/things/{id}',
  params: Thing.pick({ id: true }),
  query: z.object({ parts: z.enum(['one', 'none']) }),
  reply: { status: 200, body: Thing },
  failures: { thing_not_found: 404 },
  access: { scopes: ['things:read'] },
  secrets: ['UPSTREAM_URL'],
  timeoutMs: 5_000,
  examples: { lamp: { params: { id: '5f0f5ba4-45b9-4d4c-9c5e-3b7f6a1c0d01' }, query: { parts: 'one' } } },
})
