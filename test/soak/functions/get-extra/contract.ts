import { endpoint } from 'ebb/contract'
import * as z from 'zod'

/** It comes and goes with every other set of contracts. */
export default endpoint({
  name: 'get-extra',
  summary: 'Look up what is there only now and then.',
  method: 'GET',
  path: '/v1/extra',
  reply: { status: 200, body: z.object({ echo: z.string() }) },
  access: { anonymous: true },
  scale: { max: 100, concurrency: 100 },
})
