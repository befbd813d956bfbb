import { endpoint } from 'ebb/contract'
import * as z from 'zod'

export default endpoint({
  name: 'create-memo',
  summary: 'Keep a memo of the tenant`s.',
  method: 'POST',
  path: '/v1/memos',
  body: z.object({ text: z.string().max(100) }),
  reply: { status: 201, body: z.object({ id: z.uuid() }), location: '/v1/memos/{id}' },
  access: { scopes: ['memos:write'] },
  tenancy: true,
})
