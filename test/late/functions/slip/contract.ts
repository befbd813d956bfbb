import { endpoint } from 'ebb/contract'
import * as z from 'zod'
import { Slip } from '../../domain/slip.ts'

export default endpoint({
  ...{ name: 'slip', summary: 'Makes the slip that its body names.', method: 'POST', path: '/v1/slips' },
  body: Slip,
  reply: { status: 200, body: z.object({ way: z.string() }) },
  emits: { 'slip.made': z.object({ way: z.string() }) },
  access: { anonymous: true },
  timeoutMs: 60_000,
})
