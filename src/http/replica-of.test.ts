import { describe, expect, it } from '@jest/globals'
import { type EndpointShape, endpoint } from 'ebb/contract'
import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import { testFunction } from 'ebb/testing'
import * as z from 'zod'
import { describeEndpoint } from '../contract/index.ts'
import { mayReadReplica } from './replica-of.ts'

const shape: EndpointShape = {
  ...{ name: 'look', summary: 'Looks.', method: 'GET', path: '/v1/look', access: {} },
  reply: { status: 200, body: z.object({}) },
}

it.each<[string, Partial<EndpointShape>, boolean]>([
  ['a GET', {}, true],
  ['a POST that only reads', { method: 'POST', reads: true }, true],
  ['a POST', { method: 'POST' }, false],
  ['what says `replica: false`', { replica: false }, false],
  ['what a cache keeps', { cache: { maxAgeSeconds: 1 } }, false],
  ['a WebSocket', { upgrade: true, reply: { status: 101 } }, false],
  ['a stream of rows', { reply: { status: 200, stream: { type: 'application/x-ndjson', item: z.object({}) } } }, true],
  ['a stream of events', { reply: { status: 200, stream: { type: 'text/event-stream', item: z.object({}) } } }, false],
])('%s', (_what, more, may) => {
  expect(mayReadReplica(describeEndpoint(endpoint({ ...shape, ...more })))).toBe(may)
})

describe('a function with a replica', () => {
  const contract = endpoint({
    ...{ name: 'write', summary: 'Writes.', method: 'POST', path: '/v1/write', access: {}, idempotent: true },
    reply: { status: 200, body: z.object({ n: z.int() }) },
  })
  const env: Record<string, string> = {}
  const fn = testFunction(
    implement(contract, { sql: postgres }, async (_input, { sql }) => ({
      n: (await sql.one<{ n: number }>`select 1 as n`)?.n ?? 0,
    })),
    {
      env,
      through: async (url) => {
        env.DATABASE_READ_URL = url
        return url
      },
    },
  )

  it('says the position of a write, and `latest` with a stored response: where that was, is not stored', async () => {
    const agent = await fn.as({ sub: 'ada' })
    const write = () => agent.post('/v1/write').set('idempotency-key', 'k')
    const first = await write()
    expect([first.status, first.headers['ebb-position']]).toEqual([
      200,
      expect.stringMatching(/^[0-9A-F]+\/[0-9A-F]+$/),
    ])
    const again = await write()
    expect([again.headers['idempotency-replayed'], again.headers['ebb-position']]).toEqual(['true', 'latest'])
  })
})
