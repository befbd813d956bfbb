import { beforeAll, expect, it } from '@jest/globals'
import { endpoint } from 'ebb/contract'
import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import { testFunction } from 'ebb/testing'
import fc from 'fast-check'
import * as z from 'zod'
import { contractsData } from '../../src/deploy/contracts-data.ts'
import { SEED } from '../support/seed.ts'
import { requestOf, statusOf } from './request-of.ts'

/** One of each kind of value that a contract can declare and Postgres has a type for. */
const Thing = z.object({
  id: z.uuid(),
  text: z.string().max(100),
  small: z.int32(),
  big: z.int(),
  float: z.number(),
  day: z.iso.date(),
  at: z.iso.datetime({ offset: true }),
  local: z.iso.datetime({ local: true }),
  clock: z.iso.time(),
  span: z.iso.duration(),
  texts: z.array(z.string()),
  map: z.record(z.string(), z.number()),
  json: z.unknown(),
})

const contract = endpoint({
  name: 'keep-thing',
  summary: 'Keeps one of each.',
  method: 'POST',
  path: '/v1/things/{text}',
  params: Thing.pick({ text: true }),
  query: Thing.pick({ small: true, float: true, day: true }).partial(),
  body: Thing,
  reply: { status: 200, body: z.object({ text: z.string(), json: z.unknown() }) },
  access: { scopes: ['things:write'] },
  emits: { 'thing.kept': Thing },
})

const fn = testFunction(
  implement(contract, { sql: postgres }, async ({ params, query, body }, { sql, emit }) => {
    await sql`insert into things (text, small, float, day)
      values (${params.text}, ${query.small ?? null}, ${query.float ?? null}, ${query.day ?? null})`
    const { id, text, small, big, float, day, at, local, clock, span, texts, map } = body
    await sql`insert into things (id, text, small, big, float, day, at, local, clock, span, texts, map, json)
      values (${id}, ${text}, ${small}, ${big}, ${float}, ${day}, ${at}, ${local}, ${clock}, ${span}, ${texts}, ${map},
              ${sql.json(body.json ?? null)})`
    await emit('thing.kept', body, { subject: text })
    return { text, json: body.json }
  }),
)

beforeAll(async () => {
  await fn.query(`create table things (id uuid, text text, small int4, big int8, float float8, day date, at timestamptz,
    local timestamp, clock time, span interval, texts text[], map jsonb, json jsonb)`)
})

it('whatever a schema takes can be stored, emitted and answered', async () => {
  const [address, headers] = [await fn.address(), await fn.headers({ sub: 'ada', scopes: ['things:write'] })]
  const seen = new Map<number, number>()
  const { endpoints } = contractsData({ 'keep-thing': contract })
  for (const each of endpoints) {
    await fc.assert(
      fc.asyncProperty(requestOf(each), async ({ target, init }) => {
        const status = await statusOf(address + target, { ...init, headers: { ...init.headers, ...headers } })
        seen.set(status, (seen.get(status) ?? 0) + 1)
        expect(status).toBeLessThan(500)
      }),
      { numRuns: 250, seed: SEED },
    )
  }
  // Both happened: values that fit and values that do not.
  expect([...seen.keys()].sort()).toEqual([200, 400])
})
