import { endpoint } from 'ebb/contract'
import * as z from 'zod'

export default endpoint({
  name: 'list-offers',
  summary: 'List the offers of a partner.',
  method: 'GET',
  path: '/v1/offers',
  reply: { status: 200, body: z.object({ sub: z.string(), tenant: z.string().optional() }) },
  access: { authorizer: 'check-partner', scopes: ['offers:read'] },
})
