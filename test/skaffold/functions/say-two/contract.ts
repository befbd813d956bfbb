import { endpoint } from 'ebb/contract'
import * as z from 'zod'

export default endpoint({
  name: 'say-two',
  summary: 'Say two.',
  method: 'GET',
  path: '/v1/say/two',
  reply: { status: 200, body: z.object({ said: z.string() }) },
  access: { anonymous: true },
  scale: { max: 1 },
  targets: { openfaas: false },
})
