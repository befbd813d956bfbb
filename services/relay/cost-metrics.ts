import type pg from 'pg'
import { Counter, type Registry } from 'prom-client'
import { type PriceSheet, pricePerSecond, sizeOf } from '../../src/contract/index.ts'
import { readInstanceTotals } from '../../src/data/cost/read-cost.ts'
import { queryWithTimeout } from '../../src/data/postgres/with-connection.ts'

interface CostMetricsOptions {
  readonly pool: pg.Pool
  /** Undefined where there are none. */
  readonly prices: () => PriceSheet | undefined
}

const LIMIT_MS = 2_000
const STATES = ['starting', 'busy', 'idle'] as const

/**
 * Adds how the instances of all functions, gateways and relays have used their time, and what that has cost at the prices of now.
 * Every relay tells the same. Returns what reads it anew, and never rejects.
 */
export function createCostMetrics(registers: Registry[], { pool, prices }: CostMetricsOptions): () => Promise<void> {
  const seconds = new Counter({
    name: 'ebb_instance_seconds_total',
    help: 'How long processes were starting, busy (with a request in flight; gateways and relays always) and idle',
    labelNames: ['kind', 'part', 'state'],
    registers,
  })
  const costs = new Counter({
    name: 'ebb_cost_total',
    help: 'What that costs at the prices of domain/prices.ts, in units of their currency; without requests, traffic and the database',
    labelNames: ['kind', 'part', 'state', 'currency'],
    registers,
  })
  const record = (totals: Awaited<ReturnType<typeof readInstanceTotals>>) => {
    for (const each of [seconds, costs]) each.reset()
    const sheet = prices()
    for (const { kind, name: part, ...total } of totals) {
      const size = kind === 'function' ? total : sheet && sizeOf(sheet.services[kind])
      for (const state of STATES) {
        seconds.inc({ kind, part, state }, total[state])
        if (sheet && size)
          costs.inc({ kind, part, state, currency: sheet.currency }, total[state] * pricePerSecond(size, sheet))
      }
    }
  }
  // What is not known has no value.
  return () => queryWithTimeout(pool, LIMIT_MS, readInstanceTotals).then(record, () => record([]))
}
