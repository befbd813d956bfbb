import { Counter, Gauge, type Registry } from 'prom-client'
import type { CircuitBreakers } from '../../src/http/gateway/upstream/circuit-breakers.ts'
import type { FunctionPools } from '../../src/http/gateway/upstream/function-pools.ts'
import type { Tunnels } from '../../src/http/gateway/upstream/tunnels.ts'

interface Observed {
  readonly pools: Pick<FunctionPools, 'counts'>
  readonly breakers: Pick<CircuitBreakers, 'list'>
  readonly tunnels: Pick<Tunnels, 'counts'>
}

/** Registers what a gateway counts of its calls to functions. Its labels are the names of functions, and words of ours. */
export function observeUpstreams(registry: Registry, { pools, breakers, tunnels }: Observed): void {
  const registers = [registry]
  new Gauge({
    name: 'ebb_upstream_connections',
    help: 'Open connections to each function',
    labelNames: ['function'],
    registers,
    collect() {
      this.reset()
      for (const { name, connected } of pools.counts()) this.set({ function: name }, connected)
    },
  })
  new Gauge({
    name: 'ebb_upstream_requests',
    help: 'Requests to each function that have a connection (running) or wait for one (pending)',
    labelNames: ['function', 'state'],
    registers,
    collect() {
      this.reset()
      for (const { name, running, pending } of pools.counts()) {
        this.set({ function: name, state: 'running' }, running)
        this.set({ function: name, state: 'pending' }, pending)
      }
    },
  })
  new Gauge({
    name: 'ebb_websockets',
    help: 'WebSockets that are open to each function',
    labelNames: ['function'],
    registers,
    collect() {
      this.reset()
      for (const [name, count] of tunnels.counts()) this.set({ function: name }, count)
    },
  })
  new Gauge({
    name: 'ebb_breaker_open',
    help: 'Whether the circuit breaker of a function is open (1), tests it (0.5), or is closed (0)',
    labelNames: ['function'],
    registers,
    collect() {
      this.reset()
      for (const { name, state } of breakers.list()) this.set({ function: name }, OPENNESS[state])
    },
  })
}

const OPENNESS = { open: 1, 'half-open': 0.5, closed: 0 }

/** Counts what happens in calls to functions. */
export function countUpstreamEvents(registry: Registry) {
  const registers = [registry]
  const retries = new Counter({
    name: 'ebb_upstream_retries_total',
    help: 'Calls to a function that broke and were made again (retried), or not, since its budget was spent (refused)',
    labelNames: ['function', 'outcome'],
    registers,
  })
  const opened = new Counter({
    name: 'ebb_breaker_opened_total',
    help: 'How often the circuit breaker of a function has opened',
    labelNames: ['function'],
    registers,
  })
  return {
    onRetry: (name: string, outcome: 'retried' | 'refused') => retries.inc({ function: name, outcome }),
    onOpened: (name: string) => opened.inc({ function: name }),
  }
}
