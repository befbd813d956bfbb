import type { CompletedRequest } from 'ebb/http/gateway'
import { Counter, Gauge, type Registry } from 'prom-client'
import type { Route } from '../../src/contract/index.ts'

const LABELS = ['route', 'method', 'objective']

/**
 * Adds what the contracts promise to the metrics, so that alerts need no list of their own: the shares of requests that may fail or be
 * slow, and over how many days. Returns what counts the slow ones.
 */
export function observeObjectives(registry: Registry, routes: () => readonly Route[]) {
  const registers = [registry]
  const slow = new Counter({
    name: 'ebb_slow_requests_total',
    help: 'Requests that took longer than the objective of their contract says, from their headers to the end of the response',
    labelNames: ['route', 'method'],
    registers,
    // So that the first slow one is a difference to something.
    collect() {
      for (const { path, method } of routes().filter(({ objective }) => objective?.slow))
        this.inc({ route: path, method }, 0)
    },
  })
  new Gauge({
    name: 'ebb_objective_budget_ratio',
    help: 'The share of requests that may break the objective of their contract',
    labelNames: LABELS,
    registers,
    collect() {
      this.reset()
      for (const { path: route, method, objective } of routes()) {
        if (objective?.failed) this.set({ route, method, objective: 'availability' }, objective.failed)
        if (objective?.slow) this.set({ route, method, objective: 'latency' }, objective.slow.share)
      }
    },
  })
  new Gauge({
    name: 'ebb_objective_period_days',
    help: 'Over how many days the objective of a contract is kept',
    labelNames: ['route', 'method'],
    registers,
    collect() {
      this.reset()
      for (const { path: route, method, objective } of routes())
        if (objective) this.set({ route, method }, objective.days)
    },
  })
  let known: { readonly of: readonly Route[]; readonly limits: ReadonlyMap<string, number> } | undefined
  const limitOf = (key: string) => {
    const of = routes()
    if (known?.of !== of) known = { of, limits: limitsOf(of) }
    return known.limits.get(key)
  }
  return ({ route, method, seconds }: Pick<CompletedRequest, 'route' | 'method' | 'seconds'>) => {
    const limitMs = limitOf(`${method} ${route}`)
    if (limitMs !== undefined && seconds * 1_000 > limitMs) slow.inc({ route, method })
  }
}

/** The milliseconds beyond which a request is slow, by method and route. */
const limitsOf = (routes: readonly Route[]) =>
  new Map(
    routes.flatMap(({ path, method, objective }) =>
      objective?.slow ? [[`${method} ${path}`, objective.slow.ms] as const] : [],
    ),
  )
