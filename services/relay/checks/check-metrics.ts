import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { CheckRun, CheckState } from '../../../src/data/synthetic-checks.ts'

export interface CheckMetrics {
  /** This relay has made one. */
  ran(check: string, run: Pick<CheckRun, 'passed' | 'durationMs'>): void
  /** How all of them stand, whichever relay makes them. */
  known(states: readonly CheckState[]): void
}

/** From a response out of a cache to a cold start that is given up. */
const SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

export function createCheckMetrics(registers: Registry[]): CheckMetrics {
  const runs = new Counter({
    name: 'ebb_check_runs_total',
    help: 'Synthetic checks that this relay has made of endpoints, by outcome: passed, failed',
    labelNames: ['check', 'outcome'],
    registers,
  })
  const duration = new Histogram({
    name: 'ebb_check_duration_seconds',
    help: 'How long a synthetic check has waited for the whole response of its endpoint',
    labelNames: ['check'],
    buckets: SECONDS,
    registers,
  })
  const failures = new Gauge({
    name: 'ebb_check_failures',
    help: 'How many synthetic checks of an endpoint have failed in a row, whichever relay made them',
    labelNames: ['check'],
    registers,
  })
  /** When each is due, by the clock of this process that never jumps. */
  let dueAt: ReadonlyMap<string, number> = new Map()
  new Gauge({
    name: 'ebb_check_overdue_seconds',
    help: 'For how long a synthetic check should have begun already, as far as this relay knows; 0 where it is not due',
    labelNames: ['check'],
    registers,
    collect() {
      this.reset()
      for (const [check, at] of dueAt) this.set({ check }, Math.max(0, performance.now() - at) / 1_000)
    },
  })
  return {
    ran: (check, { passed, durationMs }) => {
      runs.inc({ check, outcome: passed ? 'passed' : 'failed' })
      duration.observe({ check }, durationMs / 1_000)
    },
    known: (states) => {
      failures.reset()
      for (const { name: check, failures: count } of states) failures.set({ check }, count)
      dueAt = new Map(states.map(({ name, dueInMs }) => [name, performance.now() + (dueInMs ?? 0)]))
    },
  }
}
