import type { Behaviour, Scenario } from './simulate.ts'

const GOOD: Behaviour = { errors: 0, medianMs: 40, spread: 0.5 }
const scenario = (
  name: string,
  stable: Partial<Behaviour>,
  canary: Partial<Behaviour>,
  { perLook = 10, callers = 500, failing = 0 }: Partial<Pick<Scenario, 'perLook' | 'callers' | 'failing'>> = {},
): Scenario => ({
  name,
  stable: { ...GOOD, ...stable },
  canary: { ...GOOD, ...stable, ...canary },
  ...{ perLook, callers, failing },
})

/** First those that are fine, then those that are not. */
export const SCENARIOS: readonly Scenario[] = [
  scenario('fine: no errors', {}, {}),
  scenario('fine: 1 % errors in both', { errors: 0.01 }, {}),
  scenario('fine: 5 % errors and 20 % refusals in both', { errors: 0.05, refusals: 0.2 }, {}),
  scenario('fine: waits spread wide (p50 200 ms, p95 1 s)', { medianMs: 200, spread: 1 }, {}),
  scenario('fine: a request a look', { errors: 0.01 }, {}, { perLook: 1 }),
  scenario('fine: 300 requests a look', { errors: 0.01 }, {}, { perLook: 300 }),
  scenario('fine: 20 ms slower', {}, { laterMs: 20 }),
  scenario('fine: 60 callers, of whom one always fails, and slowly', {}, {}, { callers: 60, failing: 1 }),
  scenario('5 % more errors, none before', {}, { errors: 0.05 }),
  scenario('5 % more errors, 0.5 % before', { errors: 0.005 }, { errors: 0.055 }),
  scenario('5 % more errors, 1 % before', { errors: 0.01 }, { errors: 0.06 }),
  scenario('5 % more errors, 1 % before, a request a look', { errors: 0.01 }, { errors: 0.06 }, { perLook: 1 }),
  scenario('5 % more errors, none before, 60 callers', {}, { errors: 0.05 }, { callers: 60 }),
  scenario('20 % more errors, 1 % before', { errors: 0.01 }, { errors: 0.21 }),
  scenario('80 ms later at p50 of 40 ms', {}, { laterMs: 80 }),
  scenario('80 ms later at p50 of 200 ms, spread wide', { medianMs: 200, spread: 1 }, { laterMs: 80 }),
  scenario('each reply breaks the contract', {}, { breaks: 1 }),
  scenario('a third of the replies breaks the contract', {}, { breaks: 0.33 }),
]
