import { expect, it } from '@jest/globals'
import { addBlock, logEvidence, noEvidence, type RatesOptions } from './two-rates.ts'

const OPTIONS: RatesOptions = {
  alternatives: [
    { more: 0.05, stake: 0.7 },
    { more: 0.5, stake: 0.3 },
  ],
  prior: { hits: 0.1, of: 10 },
}

function binomial(n: number, k: number, p: number): number {
  let choose = 1
  for (let i = 0; i < k; i++) choose = (choose * (n - i)) / (i + 1)
  return choose * p ** k * (1 - p) ** (n - k)
}

/** What is expected of the evidence after two blocks, over all that can happen. */
function expected(controlRate: number, canaryRate: number): number {
  let sum = 0
  for (let a = 0; a <= 6; a++)
    for (let b = 0; b <= 2; b++)
      for (let c = 0; c <= 4; c++)
        for (let d = 0; d <= 3; d++) {
          const first = { control: { hits: a, of: 6 }, canary: { hits: b, of: 2 } }
          const second = { control: { hits: c, of: 4 }, canary: { hits: d, of: 3 } }
          const evidence = addBlock(addBlock(noEvidence(OPTIONS), first, OPTIONS), second, OPTIONS)
          const chance =
            binomial(6, a, controlRate) *
            binomial(2, b, canaryRate) *
            binomial(4, c, controlRate) *
            binomial(3, d, canaryRate)
          sum += chance * Math.exp(logEvidence(evidence))
        }
  return sum
}

it('no gain is expected while the canary is no worse, whatever the rate: that is what keeps false alarms rare', () => {
  for (const rate of [0, 0.001, 0.01, 0.1, 0.3, 0.5, 0.9, 1]) {
    expect(expected(rate, rate)).toBeLessThanOrEqual(1 + 1e-9)
    expect(expected(rate, rate / 2)).toBeLessThanOrEqual(1 + 1e-9)
  }
})

it('some is expected where it is worse', () => {
  expect(expected(0.01, 0.3)).toBeGreaterThan(1.5)
  expect(expected(0, 1)).toBeGreaterThan(20)
})

it('a block of one variant alone says nothing', () => {
  const block = { control: { hits: 0, of: 0 }, canary: { hits: 3, of: 3 } }
  expect(logEvidence(addBlock(noEvidence(OPTIONS), block, OPTIONS))).toBeCloseTo(0)
})
