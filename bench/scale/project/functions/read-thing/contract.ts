import { endpoint } from 'ebb/contract'
import * as z from 'zod'
import { Thing } from '../../domain/thing.ts'

/** A read of one row: a token, a scope, and a limit for each caller. */
export default endpoint({
  name: 'read-thing',
  summary: 'Look up a thing.',
  method: 'GET',
  path: '/v1/things/{sku}',
  params: z.object({ sku: z.string().max(40) }),
  reply: { status: 200, body: Thing.pick({ name: true }) },
  access: { scopes: ['things:read'] },
  limit: { requests: 100, perSeconds: 1, burst: 200 },
})
