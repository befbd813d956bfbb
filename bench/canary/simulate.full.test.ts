import { expect, it } from '@jest/globals'
import { DEFAULT_REQUESTS } from '../../src/protocol/canary/steps.ts'
import { SCENARIOS } from './scenarios.ts'
import { type Scenario, simulate } from './simulate.ts'

/** For the two rates as such, `node bench/canary/run.ts` makes 10,000. */
const RUNS = 30
const scenarioOf = (name: string) => SCENARIOS.find((one) => one.name === name) as Scenario
const requestsOf = (scenario: Scenario) =>
  Array.from({ length: RUNS }, (_, seed) => simulate(scenario, seed).abortedAfter ?? Number.POSITIVE_INFINITY)

it('bears with errors and refusals that both revisions have', () => {
  const requests = requestsOf(scenarioOf('fine: 5 % errors and 20 % refusals in both'))
  expect(requests.filter(Number.isFinite)).toEqual([])
})

it('finds most of those with 5 % more errors within one step', () => {
  const requests = requestsOf(scenarioOf('5 % more errors, none before'))
  expect(requests.filter((count) => count <= DEFAULT_REQUESTS).length).toBeGreaterThan((RUNS * 2) / 3)
})

it('ends where nobody gets the canary', () => {
  const ofOne = { ...scenarioOf('5 % more errors, none before'), callers: 1 }
  expect(requestsOf(ofOne).filter(Number.isFinite).length).toBeLessThan(RUNS / 2)
})
