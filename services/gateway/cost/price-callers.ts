import type { CallSum } from '../../../src/data/cost/read-cost.ts'

/** What a function has done for its callers, and what of it is shared by what. */
export interface Shared {
  readonly busySeconds: number
  /** Shared by the time that the function took for each: the busy instances and the database. */
  readonly byTime: number
  /** Shared by requests to the gateway: its own cost, and the price of a request. */
  readonly byRequests: number
  /** Shared by calls of the relay. */
  readonly byRelayCalls: number
  readonly byBytes: number
}

export interface CallerSum {
  requests: number
  calls: number
  busySeconds: number
  bytes: number
  cost: number
}

/** How long a function took for these calls: those that waited for its start as long as the others on average. */
const timeOf = ({ calls, coldStarts, warmSeconds }: CallSum) =>
  calls > coldStarts ? (warmSeconds * calls) / (calls - coldStarts) : 0

/**
 * Shares what each function has cost among those who called it, by a part of who they are. Nobody's is what no gateway and no
 * relay has seen, such as calls from one function to another.
 */
export function priceCallers<By extends 'plan' | 'tenant'>(
  calls: readonly CallSum[],
  shared: ReadonlyMap<string, Shared>,
  by: By,
): readonly (CallerSum & { readonly who: string | null })[] {
  const callers = new Map<string | null, CallerSum>()
  const callerOf = (who: string | null): CallerSum => {
    const known = callers.get(who) ?? { requests: 0, calls: 0, busySeconds: 0, bytes: 0, cost: 0 }
    callers.set(who, known)
    return known
  }
  for (const [route, of] of shared) {
    const own = calls.filter((call) => call.route === route)
    const byTime = shareOut(own, timeOf) ?? shareOut(own, (call) => call.calls)
    const byRequests = shareOut(own, ({ by, requests }) => (by === 'gateway' ? requests : 0))
    const byRelayCalls = shareOut(own, ({ by, calls }) => (by === 'relay' ? calls : 0))
    const byBytes = shareOut(own, ({ bytes }) => bytes)
    for (const [i, call] of own.entries()) {
      const caller = callerOf(call[by])
      caller.requests += call.requests
      caller.calls += call.calls
      caller.bytes += call.bytes
      caller.busySeconds += of.busySeconds * (byTime?.[i] ?? 0)
      caller.cost += of.byTime * (byTime?.[i] ?? 0) + of.byRequests * (byRequests?.[i] ?? 0)
      caller.cost += of.byRelayCalls * (byRelayCalls?.[i] ?? 0) + of.byBytes * (byBytes?.[i] ?? 0)
    }
    if (byTime) continue
    const nobody = callerOf(null)
    nobody.busySeconds += of.busySeconds
    nobody.cost += of.byTime
  }
  return [...callers]
    .map(([who, caller]) => ({ who, ...caller }))
    .sort((a, b) => b.cost - a.cost || b.requests - a.requests)
}

/** The share of each, by its weight; undefined where none has any. */
function shareOut<Item>(items: readonly Item[], weightOf: (item: Item) => number): readonly number[] | undefined {
  const weights = items.map(weightOf)
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return sum > 0 ? weights.map((weight) => weight / sum) : undefined
}
