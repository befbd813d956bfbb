import { subscriber } from 'ebb/contract'
import { thingMade } from '../../thing.ts'

export default subscriber({
  name: 'note-thing',
  summary: 'Takes an event in.',
  on: thingMade,
  timeoutMs: 5_000,
})
