import { expect, it } from '@jest/globals'
import { createRetryBudget, retryDelayMs } from './retry-budget.ts'

it('gives a fifth of the requests a retry, and 10 more', () => {
  const { earn, spend } = createRetryBudget()
  let retries = 0
  for (let i = 0; i < 1_000; i++) {
    earn('f')
    if (spend('f')) retries++
  }
  // The first request adds nothing to what is full already.
  expect(retries).toBe(10 + 199)
})

it('saves nothing up in good times', () => {
  const { earn, spend } = createRetryBudget()
  for (let i = 0; i < 1_000; i++) earn('f')
  expect(Array.from({ length: 20 }, () => spend('f')).filter(Boolean)).toHaveLength(10)
})

it('has a budget for each function', () => {
  const { spend } = createRetryBudget()
  for (let i = 0; i < 20; i++) spend('f')
  expect([spend('f'), spend('g')]).toEqual([false, true])
})

it('waits at random, and for at most half of the time that is left', () => {
  expect([0, 0.5, 1].map((random) => retryDelayMs(10_000, () => random))).toEqual([0, 25, 50])
  expect([retryDelayMs(10, () => 1), retryDelayMs(-5, () => 1)]).toEqual([5, 0])
})
