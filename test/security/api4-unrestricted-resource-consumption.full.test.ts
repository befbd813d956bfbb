import { describe, expect, it } from '@jest/globals'
import { endpoint } from 'ebb/contract'
import * as z from 'zod'
import { patternsOf } from '../../src/contract/index.ts'
import { checkPatterns } from '../../src/deploy/check-patterns.ts'
import { codeOf, newUser, testWall } from './test-wall.ts'

// OWASP API4:2023. Slow, endless and oversized requests are in raw-cases.ts, what functions call in ssrf.test.ts and api10.
// So slow that a busy machine sees no refill.
const limit = { requests: 20, perSeconds: 72_000, burst: 20 }
const { callers, wall } = testWall({ holes: { 'list-products': { limit } } })

describe('one caller', () => {
  it('has a limit of requests where the contract says one, and the others have theirs', async () => {
    const [ann, ben] = [await callers.caller([]), await callers.caller([])]
    const answers = await Promise.all(Array.from({ length: 25 }, () => ann.get('/v1/products?limit=1')))
    const refused = answers.filter(({ status }) => status === 429)
    expect(refused.map(codeOf)).toEqual(Array(5).fill('rate_limited'))
    expect(Number(refused[0]?.headers['retry-after'])).toBeGreaterThan(0)
    expect((await ben.get('/v1/products')).status).toBe(200)
  })

  it.each(['101', '0', '-1', '1e9', '1.5', 'NaN', '99999999999999999999'])(
    'gets no page of %s things',
    async (limit) => {
      expect((await callers.stranger.get(`/v1/products?limit=${limit}`)).status).toBe(400)
    },
  )

  it.each([
    ['deep', () => `${'['.repeat(50)}${']'.repeat(50)}`],
    ['long', () => `[${'0,'.repeat(10_001)}0]`],
    ['wide', () => `{${Array.from({ length: 10_001 }, (_, i) => `"n${i}":0`).join()}}`],
    ['with one name twice', () => '{"email":"a@example.com","email":"b@example.com","name":"A"}'],
  ])('has no JSON parsed that is %s', async (_what, bodyOf) => {
    const caller = await callers.caller()
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'k' }
    const before = wall().received.length
    expect((await caller.send({ method: 'POST', path: '/v1/users', headers, body: bodyOf() })).status).toBe(400)
    expect(wall().received.length).toBe(before)
  })

  it('has no body expanded', async () => {
    const caller = await callers.caller()
    const headers = { 'content-encoding': 'gzip' }
    expect((await caller.post('/v1/users', newUser(), headers)).status).toBe(415)
  })
})

it('a body that is refused is not read first', async () => {
  const headers = { 'content-type': 'application/json', 'content-length': '900000000' }
  const answer = await callers.stranger.send({ method: 'POST', path: '/v1/users', headers, body: '{' })
  expect([401, 413]).toContain(answer.status)
})

it.each([/^(a+)+$/, /^(a|a)*$/, /^(\w+\s?)*$/, /(.*a){12}$/])(
  'a contract with the pattern %s does not load',
  async (pattern) => {
    const contract = endpoint({
      ...{ name: 'take', summary: 'Takes.', method: 'POST', path: '/v1/take', access: {} },
      ...{ body: z.object({ text: z.string().regex(pattern) }), reply: { status: 204 } },
    })
    await expect(checkPatterns(patternsOf([contract]))).rejects.toThrow(
      /^functions\/take\/contract\.ts: in .*the pattern/,
    )
  },
)
