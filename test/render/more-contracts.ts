import { endpoint, event, stream, subscriber } from 'ebb/contract'
import * as z from 'zod'
import { byName, fixture } from './fixture.ts'

export const common = { summary: 'Does something.', access: { scopes: ['a:read'] } } as const
export const reply = { status: 200, body: z.object({ id: z.string() }) } as const

/** What the fixture does not say: each a thing that one of the platforms cannot do, or does in another way. */
export const more = {
  ...fixture,
  ...byName(
    endpoint({
      ...common,
      name: 'talk',
      method: 'GET',
      path: '/v1/rooms/{room}',
      params: z.object({ room: z.string() }),
      reply: { status: 101 },
      upgrade: {},
    }),
    endpoint({
      ...common,
      name: 'watch-lines',
      method: 'GET',
      path: '/v1/lines',
      reply: { status: 200, stream: { type: 'application/x-ndjson', item: z.object({ n: z.int() }) } },
    }),
    endpoint({
      ...common,
      name: 'take-file',
      method: 'POST',
      path: '/v1/files',
      body: stream({ type: 'text/csv', maxBytes: 50_000_000 }),
      reply,
    }),
    endpoint({
      ...common,
      name: 'price',
      method: 'GET',
      path: '/v1/prices/{id}',
      params: z.object({ id: z.string() }),
      reply,
      access: { internal: true },
      resources: { requests: { cpu: '500m' } },
    }),
    endpoint({ ...common, name: 'order', method: 'GET', path: '/v1/orders', reply, calls: ['price'] }),
    endpoint({ ...common, name: 'read-what-has-been-measured-today', method: 'GET', path: '/v1/measured', reply }),
    subscriber({
      name: 'count-readings',
      summary: 'Counts.',
      on: event({ type: 'reading.taken', data: z.object({ n: z.int() }) }),
      batch: { size: 100, withinMs: 500 },
      retry: { attempts: 4 },
      rate: { requests: 100, perSeconds: 1 },
    }),
  ),
}
