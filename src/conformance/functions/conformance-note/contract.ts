import { event, subscriber } from 'ebb/contract'
import * as z from 'zod'

const Entry = z.object({ id: z.string(), batch: z.string(), quantity: z.int() })

export default subscriber({
  name: 'conformance-note',
  summary: 'Note that an entry was written (`ebb conformance`).',
  on: event({ type: 'conformance.written', data: Entry }),
  emits: { 'conformance.noted': Entry },
  retry: { attempts: 8, minDelayMs: 1_000, maxDelayMs: 60_000 },
  timeoutMs: 5_000,
  scale: { max: 2 },
})
