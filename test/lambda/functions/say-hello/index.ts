import { endpoint } from 'ebb/contract'
import { implement, serve } from 'ebb/http'
import * as z from 'zod'

const contract = endpoint({
  name: 'say-hello',
  summary: 'Say hello to whoever calls.',
  method: 'GET',
  path: '/v1/hello',
  reply: { status: 200, body: z.object({ hello: z.string() }) },
  access: { scopes: ['things:write'] },
})

serve(implement(contract, {}, async (_, { caller }) => ({ hello: caller.sub })))
