import { endpoint } from 'ebb/contract'
import * as z from 'zod'

export default endpoint({
  name: 'watch-ticks',
  summary: 'Follow the ticks of a clock, from the first one that the caller has not seen.',
  method: 'GET',
  path: '/v1/ticks',
  reply: { status: 200, stream: { type: 'text/event-stream', item: z.object({ n: z.int() }) } },
  secrets: ['TICKS_URL'],
  access: { anonymous: true },
})
