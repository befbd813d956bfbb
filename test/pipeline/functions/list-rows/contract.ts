import { endpoint } from 'ebb/contract'
import * as z from 'zod'

export default endpoint({
  name: 'list-rows',
  summary: 'List rows.',
  method: 'GET',
  path: '/v1/rows',
  reply: {
    status: 200,
    stream: {
      type: 'application/x-ndjson',
      item: z.object({ id: z.int(), sensor: z.string(), at: z.iso.datetime(), celsius: z.number() }),
    },
  },
  access: { anonymous: true },
})
