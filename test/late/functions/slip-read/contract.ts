import { endpoint } from 'ebb/contract'
import * as z from 'zod'
import { Slip } from '../../domain/slip.ts'

export default endpoint({
  ...{ name: 'slip-read', summary: 'Makes a slip while it only reads.', method: 'POST', path: '/v1/read-slips' },
  reads: true,
  body: Slip,
  reply: { status: 200, body: z.object({ way: z.string() }) },
  access: { anonymous: true },
  timeoutMs: 60_000,
})
