import { endpoint } from 'ebb/contract'
import { Thing, thingAdded } from '../../domain/thing.ts'

/** A write with an Idempotency-Key and an event: one transaction. */
export default endpoint({
  name: 'add-thing',
  summary: 'Add a thing.',
  method: 'POST',
  path: '/v1/things',
  body: Thing.pick({ name: true }),
  reply: { status: 201, body: Thing },
  access: { scopes: ['orders:write'] },
  limit: { requests: 100, perSeconds: 1, burst: 200 },
  idempotent: true,
  emits: { 'thing.added': thingAdded },
})
