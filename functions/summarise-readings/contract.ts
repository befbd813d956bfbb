import { subscriber } from 'ebb/contract'
import { readingsIngested } from '../../domain/reading.ts'

export default subscriber({
  name: 'summarise-readings',
  summary: 'Add the readings of new batches to the hours that they are of.',
  on: readingsIngested,
  batch: { size: 50, withinMs: 500 },
  retry: { attempts: 8, minDelayMs: 1_000, maxDelayMs: 60_000 },
  timeoutMs: 30_000,
  scale: { max: 2 },
  targets: { openfaas: false },
})
