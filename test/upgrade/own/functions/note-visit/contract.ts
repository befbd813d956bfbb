import { subscriber } from 'ebb/contract'
import { visitCounted } from '../../domain/visit.ts'

export default subscriber({
  name: 'note-visit',
  summary: 'Note a visit.',
  on: visitCounted,
  failures: { closed: 422 },
  retry: { attempts: 20, minDelayMs: 1_000, maxDelayMs: 2_000 },
  scale: { max: 2 },
})
