import { randomUUID } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { endpoint, Problem } from 'ebb/contract'
import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import { testFunction } from 'ebb/testing'
import * as z from 'zod'

const Left = z.object({ left: z.int(), until: z.iso.datetime().optional() })
const contract = endpoint({
  ...{ name: 'take-things', summary: 'Takes things.', method: 'POST', path: '/v1/things', access: {} },
  body: z.object({ how: z.string() }),
  reply: { status: 204 },
  failures: {
    too_few: { status: 409, description: 'Fewer are left.', data: Left },
    closed: { status: 503, description: 'It is night.' },
    gone: 410,
  },
  idempotent: true,
})

/** What its handler fails with, by the name that a request gives; the types refuse half of it. */
const FAILURES: Readonly<Record<string, (fail: (...all: never[]) => never) => unknown>> = {
  few: (fail) => fail(...(['too_few', 'Few.', { data: { left: 2, secretly: 7 } }] as never[])),
  closed: (fail) => fail(...(['closed', 'Later.'] as never[])),
  gone: (fail) => fail(...(['gone', 'Gone.'] as never[])),
  'a resource of their own': () => {
    throw new Problem('too_few', 409, 'Few.', { data: { left: 1 }, retryAfterSeconds: 3 })
  },
  'no data': (fail) => fail(...(['too_few', 'Few.'] as never[])),
  'other data': (fail) => fail(...(['too_few', 'Few.', { data: { left: 'two' } }] as never[])),
  'half a pair': (fail) => fail(...(['too_few', 'Few.', { data: { left: 1, until: '\ud800' } }] as never[])),
  'data of none': (fail) => fail(...(['gone', 'Gone.', { data: { left: 2 } }] as never[])),
}

const fn = testFunction(
  implement(contract, { sql: postgres }, async ({ body: { how } }, { fail, sql }) => {
    await sql`select 1`
    FAILURES[how]?.(fail as never)
  }),
)
const take = async (how: string, key = randomUUID() as string) =>
  (await fn.as({ sub: 'ada' })).post('/v1/things').set('Idempotency-Key', key).send({ how })

describe('a failure', () => {
  it('has its data in the problem, without what the contract does not name, and again for the same key', async () => {
    const key = randomUUID()
    const { status, body, type } = await take('few', key)
    expect([status, type]).toEqual([409, 'application/problem+json'])
    expect(body).toMatchObject({ error: 'too_few', message: 'Few.', detail: 'Few.' })
    expect(body.data).toEqual({ left: 2 })
    const again = await take('few', key)
    expect([again.body, again.headers['idempotency-replayed']]).toEqual([body, 'true'])
  })

  it.each([
    ['closed', 503],
    ['gone', 410],
  ])('without data has none: %s', async (how, status) => {
    const response = await take(how)
    expect([response.status, response.body.error]).toEqual([status, how])
    expect(response.body).not.toHaveProperty('data')
  })

  it('that a resource throws keeps its headers', async () => {
    const { status, headers, body } = await take('a resource of their own')
    expect([status, headers['retry-after'], body.data]).toEqual([409, '3', { left: 1 }])
  })

  it.each(['no data', 'other data', 'half a pair', 'data of none'])(
    'with %s is an error of the handler',
    async (how) => {
      const { status, body } = await take(how)
      expect([status, body.error]).toEqual([500, 'internal'])
      expect(body).not.toHaveProperty('data')
    },
  )
})
