import { endpoint } from 'ebb/contract'
import * as z from 'zod'

export default endpoint({
  name: 'say-one',
  summary: 'Say one.',
  method: 'GET',
  path: '/v1/say/one',
  reply: { status: 200, body: z.object({ said: z.string() }) },
  access: { anonymous: true },
  scale: { max: 1 },
  targets: { openfaas: false },
})
