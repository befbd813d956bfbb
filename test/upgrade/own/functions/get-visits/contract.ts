import { endpoint } from 'ebb/contract'
import * as z from 'zod'

export default endpoint({
  name: 'get-visits',
  summary: 'How many visits there were.',
  method: 'GET',
  path: '/v1/visits',
  reply: { status: 200, body: z.object({ visits: z.number() }) },
  access: { scopes: ['visits:write'] },
  scale: { max: 2 },
})
