import { subscriber } from 'ebb/contract'
import { entryKept } from '../../domain/entry.ts'

export default subscriber({
  name: 'record-entry',
  summary: 'Record an entry, and mail that.',
  on: entryKept,
  retry: { attempts: 100, minDelayMs: 50, maxDelayMs: 1_000 },
  timeoutMs: 3_000,
})
