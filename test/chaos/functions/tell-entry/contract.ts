import { subscriber } from 'ebb/contract'
import { entryKept } from '../../domain/entry.ts'

export default subscriber({
  name: 'tell-entry',
  summary: 'Tell a third party of an entry.',
  on: entryKept,
  retry: { attempts: 100, minDelayMs: 50, maxDelayMs: 1_000 },
  secrets: ['THIRD_PARTY_URL'],
  timeoutMs: 3_000,
})
