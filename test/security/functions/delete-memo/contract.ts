import { endpoint } from 'ebb/contract'
import * as z from 'zod'

export default endpoint({
  name: 'delete-memo',
  summary: 'Throw a memo away, whoever of the tenant wrote it.',
  method: 'DELETE',
  path: '/v1/memos/{id}',
  params: z.object({ id: z.uuid() }),
  reply: { status: 200, body: z.object({ id: z.uuid() }) },
  failures: { memo_not_found: 404 },
  access: {},
  tenancy: true,
})
