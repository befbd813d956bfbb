import { endpoint } from 'ebb/contract'
import * as z from 'zod'

export default endpoint({
  name: 'get-memo',
  summary: 'Look up a memo, as its owner or with memos:read.',
  method: 'GET',
  path: '/v1/memos/{id}',
  params: z.object({ id: z.uuid() }),
  reply: { status: 200, body: z.object({ id: z.uuid(), text: z.string() }) },
  failures: { memo_not_found: 404 },
  access: { scopes: ['memos:read'], owner: true },
  tenancy: true,
})
