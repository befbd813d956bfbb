import { subscriber } from 'ebb/contract'
import { objectStored } from '../../domain/upload.ts'

export default subscriber({
  name: 'make-thumbnail',
  summary: 'Make a small picture of each that is uploaded.',
  on: objectStored,
  failures: { picture_unreadable: 422 },
  retry: { attempts: 5, minDelayMs: 1_000, maxDelayMs: 60_000 },
  timeoutMs: 20_000,
  // A picture takes as much memory as it has pixels.
  scale: { max: 2, concurrency: 2 },
  resources: { limits: { memory: '512Mi' } },
  targets: { openfaas: false },
})
