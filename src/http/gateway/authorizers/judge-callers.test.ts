import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { SEED } from '../../../../test/support/seed.ts'
import { type Authorizer, authorizer, describeAuthorizer, type Judgement, Problem } from '../../../contract/index.ts'
import type { JudgementRequest } from '../../../protocol/index.ts'
import type { JudgedRequest } from '../credentials.ts'
import { createCallerJudge, type Question } from './judge-callers.ts'

const CORRELATION = { correlationId: 'c', traceparent: '00-a-b-01' }
const describe_ = (ttlSeconds: number, more: object = {}): Authorizer =>
  describeAuthorizer(
    authorizer({
      ...{
        name: 'check-partner',
        summary: 'Tell partners.',
        credentials: { headers: ['x-key', 'x-other'] },
        ttlSeconds,
      },
      ...more,
    }),
  )
const question = (key: string, more: Partial<Question> = {}): Question => ({
  ...{ headers: { 'x-key': key }, method: 'GET', route: '/v1/offers', ...more },
})

/** A judge whose clock and whose authorizer's answers a test holds. */
function createTestJudge(
  answer: (asked: JudgementRequest) => Judgement | Promise<Judgement> = ({ headers }) => ({
    ...{ allow: true, caller: { sub: headers['x-key'] ?? '', scopes: ['offers:read'] } },
  }),
) {
  const clock = { at: 0 }
  const asked: JudgementRequest[] = []
  const judged: JudgedRequest[] = []
  const judge = createCallerJudge(
    async (_authorizer, given) => {
      asked.push(given)
      return { judgement: await answer(given), call: { cold: false, revision: 'r' } }
    },
    { judged: (request) => void judged.push(request) },
    { now: () => clock.at },
  )
  return { judge, clock, asked, judged }
}

describe('a caller that an authorizer knows', () => {
  it('has its scopes, and a subject that is nobody else’s', async () => {
    const { judge } = createTestJudge()
    expect(await judge(describe_(60), question('acme'), CORRELATION)).toEqual({
      caller: { sub: 'check-partner:acme', scopes: ['offers:read'] },
      credential: { kind: 'authorizer', id: 'check-partner' },
    })
    const shared = await judge(describe_(60, { subjectPrefix: '' }), question('acme'), CORRELATION)
    expect(shared?.caller.sub).toBe('acme')
  })

  it('is asked for once in its TTL, however many requests come at once', async () => {
    const gate = Promise.withResolvers<void>()
    const { judge, clock, asked, judged } = createTestJudge(async () => {
      await gate.promise
      return { allow: true, caller: { sub: 'acme' } }
    })
    const many = Array.from({ length: 100 }, () => judge(describe_(60), question('acme'), CORRELATION))
    gate.resolve()
    expect(new Set((await Promise.all(many)).map((found) => found?.caller.sub))).toEqual(
      new Set(['check-partner:acme']),
    )
    clock.at = 59_999
    await judge(describe_(60), question('acme'), CORRELATION)
    expect([asked.length, judged.map(({ outcome }) => outcome)]).toEqual([1, ['allowed', 'kept']])
    clock.at = 60_000
    await judge(describe_(60), question('acme'), CORRELATION)
    expect(asked).toHaveLength(2)
  })

  it('is asked for as soon as its own answer says, and never later than the contract says', async () => {
    for (const [ttlSeconds, untilMs] of [
      [10, 10_000],
      [600, 60_000],
    ] as const) {
      const { judge, clock, asked } = createTestJudge(() => ({ allow: true, caller: { sub: 'acme' }, ttlSeconds }))
      await judge(describe_(60), question('acme'), CORRELATION)
      clock.at = untilMs - 1
      await judge(describe_(60), question('acme'), CORRELATION)
      expect(asked).toHaveLength(1)
      clock.at = untilMs
      await judge(describe_(60), question('acme'), CORRELATION)
      expect(asked).toHaveLength(2)
    }
  })

  it('is asked for each time without a TTL, also where the same request comes twice at once', async () => {
    const { judge, asked } = createTestJudge()
    await Promise.all([1, 2].map(() => judge(describe_(0), question('acme'), CORRELATION)))
    expect(asked).toHaveLength(2)
  })
})

describe('a caller that an authorizer refuses', () => {
  it('is kept out for 5 s at most', async () => {
    const { judge, clock, asked } = createTestJudge(() => ({ allow: false }))
    expect(await judge(describe_(3_600), question('eve'), CORRELATION)).toBeUndefined()
    clock.at = 4_999
    expect(await judge(describe_(3_600), question('eve'), CORRELATION)).toBeUndefined()
    expect(asked).toHaveLength(1)
    clock.at = 5_000
    await judge(describe_(3_600), question('eve'), CORRELATION)
    expect(asked).toHaveLength(2)
  })
})

describe('an authorizer that does not answer', () => {
  it('lets nobody in, and is asked again by the next request', async () => {
    let isDown = true
    const { judge, asked, judged } = createTestJudge(() => {
      if (isDown) throw new Problem('unavailable', 503, 'Away.')
      return { allow: true, caller: { sub: 'acme' } }
    })
    const both = await Promise.allSettled([1, 2].map(async () => judge(describe_(60), question('acme'), CORRELATION)))
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    isDown = false
    expect(await judge(describe_(60), question('acme'), CORRELATION)).toMatchObject({ caller: { scopes: [] } })
    expect([asked.length, judged.map(({ outcome }) => outcome)]).toEqual([2, ['failed', 'allowed']])
  })
})

it('an answer is for what the authorizer saw, and for nothing else: no request gets the identity of another', async () => {
  const part = fc.constantFrom('', 'a', '\n')
  const asked = fc.record({
    // In one order, as the identity says what was asked by its JSON.
    headers: fc.record({ 'x-key': part, 'x-other': part }, { requiredKeys: [] }),
    method: fc.constant('GET'),
    route: fc.constantFrom('/v1/a', '/v1/b/{id}'),
    path: fc.option(part, { nil: undefined }),
    bytes: fc.option(part.map(Buffer.from), { nil: undefined }),
  })
  const { judge, asked: calls } = createTestJudge((given) => ({ allow: true, caller: { sub: JSON.stringify(given) } }))
  let requests = 0
  await fc.assert(
    fc.asyncProperty(fc.array(asked, { minLength: 2, maxLength: 20 }), async (questions) => {
      const given = questions.map((one) => JSON.parse(JSON.stringify(one, (_key, value) => value ?? undefined)))
      const whole = given.map((one, i) => ({ ...one, ...(questions[i]?.bytes ? { bytes: questions[i].bytes } : {}) }))
      const found = await Promise.all(whole.map((one) => judge(describe_(60), one, CORRELATION)))
      requests += found.length
      found.forEach((authenticated, i) => {
        const { bytes, ...rest } = whole[i]
        const seen = { ...rest, ...(bytes ? { body: Buffer.from(bytes).toString('base64') } : {}) }
        expect(authenticated?.caller.sub).toBe(`check-partner:${JSON.stringify(seen)}`)
      })
    }),
    { numRuns: 300, seed: SEED },
  )
  // Most were answered without a call, or the property says nothing about what is kept.
  expect(calls.length).toBeLessThan(requests / 2)
})
