import { endpoint, stream } from 'ebb/contract'
import { Reading, ReadingBatch, readingsIngested } from '../../domain/reading.ts'

export default endpoint({
  name: 'ingest-readings',
  summary: 'Take in a batch of readings.',
  description:
    'A reading is a line of JSON. All of a batch are stored, or none. Send it again under the same id where you have not seen the reply: ' +
    'it is stored once.',
  method: 'PUT',
  path: '/v1/readings/{id}',
  params: ReadingBatch.pick({ id: true }),
  body: stream({ type: 'application/x-ndjson', item: Reading, maxItemBytes: 1_000, maxBytes: 1_000_000_000 }),
  reply: { status: 200, body: ReadingBatch },
  failures: { reading_refused: 422 },
  access: { scopes: ['readings:write'] },
  emits: { 'readings.ingested': readingsIngested },
  timeoutMs: 20_000,
  scale: { max: 2, concurrency: 4 },
  targets: { openfaas: false },
})
