import { subscriber } from 'ebb/contract'
import { thingAdded } from '../../domain/thing.ts'

export default subscriber({
  name: 'note-thing',
  summary: 'Note that a thing was added.',
  on: thingAdded,
  retry: { attempts: 3, minDelayMs: 1_000, maxDelayMs: 10_000 },
})
