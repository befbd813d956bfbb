import { endpoint } from 'ebb/contract'
import * as z from 'zod'
import { Reading } from '../../domain/reading.ts'

export default endpoint({
  name: 'get-readings',
  summary: 'Get readings, or the mean of each hour.',
  description:
    'As many as there are, by sensor and time, each a line of JSON. The means follow new readings within seconds.',
  method: 'GET',
  path: '/v1/readings',
  query: z.object({
    sensor: Reading.shape.sensor.optional(),
    from: z.iso.datetime().optional().meta({ description: 'Not before then' }),
    to: z.iso.datetime().optional().meta({ description: 'Before then' }),
    every: z.enum(['reading', 'hour']).default('reading'),
  }),
  reply: { status: 200, stream: { type: 'application/x-ndjson', item: Reading } },
  access: { scopes: ['readings:read'] },
  cache: { maxAgeSeconds: 60, shared: true, tags: ['readings'] },
  timeoutMs: 20_000,
  scale: { max: 2 },
  targets: { openfaas: false },
})
