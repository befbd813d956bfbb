import { expect, it } from '@jest/globals'
import { decideNext } from './decide-next.ts'
import { newJudgement } from './judge-canary.ts'
import { findShadowFault, SHADOW_ALPHA } from './judge-shadow.ts'
import { addShadowCounts, noShadowCounts, type ShadowCounts, toShadowCounts } from './shadow-counts.ts'

const counted = (parts: Partial<ShadowCounts>): ShadowCounts => ({ ...noShadowCounts(), ...parts })
const decide = (shadow: ShadowCounts) =>
  decideNext({
    ...{ state: 'running', steps: [0, 10], step: 0, requests: 0, seconds: 30, stepSeconds: 30, stepRequests: 0 },
    ...{ judgement: newJudgement(), shadow },
  })

it('a canary that answers otherwise is found by nine answers, however many agree', () => {
  expect(findShadowFault(counted({ differs: 8, same: 9_000 }))).toBeUndefined()
  const differences = { 'items.*.price: another number': 9, 'note: missing': 1 }
  expect(decide(counted({ differs: 9, same: 91, differences }))).toMatchObject({
    state: 'aborted',
    why: 'It answers otherwise: 9 of 100 copied reads differ (most often items.*.price: another number).',
  })
})

it('with fewer it waits, until they are explained or too few to matter', () => {
  expect(decide(counted({ differs: 3, same: 117 }))).toMatchObject({
    ...{ state: 'running', step: 0 },
    why: 'With copies of reads nothing is worse; but 3 of 120 copied reads differ, and it waits for more of them.',
  })
  expect(decide(counted({ differs: 3, same: 300 })).step).toBe(1)
  expect(decide(counted({ differs: 3, changed: 3, same: 100 }))).toMatchObject({
    why: 'With copies of reads nothing was worse; it has 10 % of the callers now.',
  })
})

it('data that change under both revisions abort one of 200 canaries at most', () => {
  // Marsaglia's xorshift, from one seed: the same runs each time.
  let state = 20_26_11_30
  const random = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
  const RUNS = 4_000
  let aborted = 0
  for (let run = 0; run < RUNS; run++) {
    let [differs, changed] = [0, 0]
    let isFault = false
    for (let i = 0; i < 200 && !isFault; i++) {
      if (random() < 0.5) differs++
      else changed++
      isFault = findShadowFault(counted({ differs, changed })) !== undefined
    }
    if (isFault) aborted++
  }
  expect(aborted).toBeGreaterThan(0)
  expect(aborted / RUNS).toBeLessThanOrEqual(SHADOW_ALPHA)
})

it('of differences it remembers the first twenty', () => {
  let counts = noShadowCounts()
  for (let i = 0; i < 30; i++)
    counts = addShadowCounts(
      counts,
      toShadowCounts({ finding: 'differs', differences: [`a${i}: missing`], calls: 2, ms: 3 }),
    )
  expect(Object.keys(counts.differences)).toHaveLength(20)
  expect(counts).toMatchObject({ differs: 30, calls: 60, ms: 90 })
})
