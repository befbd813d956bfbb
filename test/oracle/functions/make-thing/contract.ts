import { endpoint } from 'ebb/contract'
import { Thing, thingMade } from '../../thing.ts'

export default endpoint({
  name: 'make-thing',
  summary: 'Uses everything that leaves a span.',
  method: 'POST',
  path: '/v1/things/{id}',
  params: Thing.pick({ id: true }),
  body: Thing.pick({ name: true }),
  reply: { status: 201, body: Thing },
  failures: { thing_exists: 409 },
  access: { scopes: ['things:write'] },
  secrets: ['UPSTREAM_URL'],
  idempotent: true,
  emits: { 'thing.made': thingMade },
  timeoutMs: 5_000,
  examples: { lamp: { params: { id: '5f0f5ba4-45b9-4d4c-9c5e-3b7f6a1c0d01' }, body: { name: 'lamp' } } },
})
