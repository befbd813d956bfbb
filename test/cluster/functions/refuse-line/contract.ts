import { event, subscriber } from 'ebb/contract'
import * as z from 'zod'

const Line = z.object({ batch: z.string(), quantity: z.int() })

export default subscriber({
  name: 'refuse-line',
  summary: 'Refuse lines of the batch REFUSED, for good.',
  on: event({ type: 'conformance.ingested', data: Line }),
  failures: { line_refused: 422 },
  timeoutMs: 5_000,
  scale: { max: 1 },
})
