import { describe, expect, it } from '@jest/globals'
import { countResponse, newCounts, type VariantResponse } from './counts.ts'
import { decideNext } from './decide-next.ts'
import { findFault, newJudgement, QUESTIONS, takeCounts } from './judge-canary.ts'
import { bucketOf, countSlower, noLatencies, quantileOf } from './latencies.ts'

const response = (parts: Partial<VariantResponse> = {}): VariantResponse => ({
  ...{ name: 'list-orders', variant: 'canary', status: 200, undeclared: false, broken: false, cold: false, waitMs: 40 },
  ...parts,
})
const counts = (responses: readonly VariantResponse[]) => {
  const counted = newCounts()
  for (const one of responses) countResponse(counted, one)
  return counted
}
const times = (count: number, parts?: Partial<VariantResponse>) => Array.from({ length: count }, () => response(parts))

/** Looks until something is found: after how many requests to the canary, and what. */
function judge(canary: readonly VariantResponse[], stable: readonly VariantResponse[] = times(9)) {
  let judgement = newJudgement()
  for (const [i, one] of canary.entries()) {
    judgement = takeCounts(judgement, { stable: counts(stable), canary: counts([one]) }, 10)
    const fault = findFault(judgement)
    if (fault) return { after: i + 1, ...fault }
  }
  return undefined
}

it('all alphas together are 1 %', () => {
  expect(QUESTIONS.reduce((sum, { alpha }) => sum + alpha, 0)).toBeCloseTo(0.01)
})

describe('it finds', () => {
  it('replies that break the contract within a handful', () => {
    const found = judge(times(120, { broken: true }))
    expect(found).toMatchObject({
      question: 'broken',
      why: expect.stringMatching(
        /^\d of \d replies break the contract by the canary, and 0 of \d+ by the old revision$/,
      ),
    })
    expect(found?.after).toBeLessThanOrEqual(5)
  })
  it('errors that nobody has declared within a handful', () =>
    expect(judge(times(120, { status: 500, undeclared: true }))?.after).toBeLessThanOrEqual(5))
  it('one that is away', () =>
    expect(judge(times(120, { status: undefined, waitMs: undefined }))).toMatchObject({ question: 'failures' }))
  it('one that refuses what the old one answers', () =>
    expect(judge(times(120, { status: 404 }))).toMatchObject({ question: 'refusals' }))
  it('80 ms more', () => {
    const found = judge(times(120, { waitMs: 120 }))
    expect(found?.why).toMatch(/^its p[59]0 is 129 ms, and that of the old revision 41 ms$/)
    expect(found?.after).toBeLessThanOrEqual(40)
  })
})

describe('it bears with', () => {
  it('a canary that is the same', () => expect(judge(times(500))).toBeUndefined())
  it('failures that the old one has as well', () => {
    const failing = [...times(1, { status: 503 }), ...times(9)]
    expect(judge(Array.from({ length: 30 }, () => failing).flat(), failing)).toBeUndefined()
  })
  it('cold starts', () => expect(judge(times(120, { cold: true, waitMs: 900 }))).toBeUndefined())
  it('20 ms more', () => expect(judge(times(500, { waitMs: 60 }))).toBeUndefined())
})

it('a canary without a control beside it is not judged', () => {
  expect(judge(times(120, { status: 500, undeclared: true }), [])).toBeUndefined()
})

it('a judgement survives being written as JSON', () => {
  const news = { stable: counts(times(9)), canary: counts(times(1, { broken: true })) }
  const once = takeCounts(newJudgement(), news, 10)
  expect(takeCounts(JSON.parse(JSON.stringify(once)), news, 10)).toEqual(takeCounts(once, news, 10))
})

describe('what comes next', () => {
  const progress = { state: 'running', steps: [10, 50], step: 0, requests: 120, seconds: 30, shadow: null } as const
  const after = (requests: number) => ({
    judgement: takeCounts(newJudgement(), { stable: counts(times(requests)), canary: counts(times(requests)) }, 50),
  })
  it('the same share, until there were requests and time enough', () => {
    expect(decideNext({ ...progress, ...after(119), stepSeconds: 60, stepRequests: 0 })).toMatchObject({
      ...{ state: 'running', step: 0 },
      why: 'With 10 % of the callers nothing is worse; 119 of 120 requests have come to it.',
    })
    expect(decideNext({ ...progress, ...after(120), stepSeconds: 29, stepRequests: 0 })).toMatchObject({ step: 0 })
  })
  it('the next share, of which requests count anew', () => {
    expect(decideNext({ ...progress, ...after(120), stepSeconds: 30, stepRequests: 0 })).toMatchObject({ step: 1 })
    const second = { ...progress, step: 1, stepSeconds: 30, stepRequests: 120 }
    expect(decideNext({ ...second, ...after(200) })).toMatchObject({ state: 'running', step: 1 })
    expect(decideNext({ ...second, ...after(240) })).toMatchObject({ state: 'passed', requests: 240 })
  })
  it('the end, also after it has passed', () => {
    let judgement = newJudgement()
    for (let i = 0; i < 20; i++)
      judgement = takeCounts(judgement, { stable: counts(times(9)), canary: counts(times(1, { broken: true })) }, 10)
    const passed = { ...progress, state: 'passed', stepSeconds: 60, stepRequests: 0 } as const
    expect(decideNext({ ...passed, judgement })).toMatchObject({
      ...{ state: 'aborted', why: expect.stringMatching(/^It is worse: .*\.$/) },
    })
  })
})

describe('waits', () => {
  it('have buckets of a tenth, and quantiles at their upper bounds', () => {
    for (const ms of [0, 1, 1.05, 40, 41.1, 999, 1e6]) {
      const one = noLatencies()
      one[bucketOf(ms)] = 1
      const bound = quantileOf(one, 0.5) ?? 0
      if (ms < 6e4) expect([bound >= ms, bound <= Math.max(1, ms * 1.1) + 1e-9]).toEqual([true, true])
      expect(countSlower(one, ms)).toBe(0)
      if (ms > 2 && ms < 6e4) expect(countSlower(one, ms / 1.2)).toBe(1)
    }
  })
})
