import { type PriceSheet, pricePerSecond, sizeOf } from '../../../src/contract/index.ts'
import type { CallSum, CostPeriod, InstanceSum } from '../../../src/data/cost/read-cost.ts'
import type { AdminOutput } from '../../../src/protocol/admin/admin-endpoint.ts'
import type { readCost } from '../../../src/protocol/admin/cost.ts'
import { priceCallers, type Shared } from './price-callers.ts'
import { type KeptWarm, warmSecondsIn } from './warm-seconds.ts'

export interface Recorded extends CostPeriod {
  readonly instances: readonly InstanceSum[]
  readonly calls: readonly CallSum[]
}

interface PricingOptions {
  /** Undefined where there are none: then nothing has a price. */
  readonly prices: PriceSheet | undefined
  /** How the contracts keep functions warm, by their names. */
  readonly warmth: ReadonlyMap<string, KeptWarm>
  readonly now: Date
}

type Cost = AdminOutput<typeof readCost>

const [HOUR_MS, DAY_MS] = [3_600_000, 86_400_000]
const MAX_HOURLY_DAYS = 8
const MAX_TENANTS = 100
const FREE: PriceSheet = {
  ...{ currency: '', perVcpuSecond: 0, perGibSecond: 0, perMillionRequests: 0, perGbSent: 0, databasePerHour: 0 },
  services: { gateway: { cpu: '0', memory: '0' }, relay: { cpu: '0', memory: '0' } },
}

/** What one function has used in the whole period. */
interface Used {
  instances: number
  starting: number
  busy: number
  idle: number
  warm: number
  cpu: number
  database: number
  busyCost: number
  startingCost: number
  idleCost: number
  warmCost: number
}

/** Prices what was recorded: the sum of what functions, services, the database, requests and traffic cost is the whole cost. */
export function priceCost(recorded: Recorded, { prices: given, warmth, now }: PricingOptions): Cost {
  const prices = given ?? FREE
  const { from, to, calls } = recorded
  const instances = recorded.instances.filter(({ kind }) => kind === 'function')
  const used = sumFunctions(instances, { prices, warmth, now })
  const services = (['gateway', 'relay'] as const).map((name) => priceService(name, recorded.instances, prices))
  const [gatewayCost = 0, relayCost = 0] = services.map(({ cost }) => cost)
  const begun = recorded.instances[0]?.at ?? now
  const hours = Math.max(0, Math.min(+to, +now) - Math.max(+from, +begun)) / HOUR_MS
  const databaseCost = hours * prices.databasePerHour
  const sum = (of: (call: CallSum) => number, by?: CallSum['by']) =>
    calls.reduce((total, call) => total + (by && call.by !== by ? 0 : of(call)), 0)
  const all = {
    requests: sum(({ requests }) => requests, 'gateway'),
    relayCalls: sum((call) => call.calls, 'relay'),
    database: [...used.values()].reduce((total, { database }) => total + database, 0),
  }
  const share = (cost: number, part: number, whole: number) => (whole > 0 ? (cost * part) / whole : 0)
  const names = [...new Set([...used.keys(), ...calls.map(({ route }) => route)])]
  const shared = new Map<string, Shared>()
  const functions = names.map((name) => {
    const of = used.get(name) ?? nothingUsed()
    const own = calls.filter(({ route }) => route === name)
    const ownSum = (of: (call: CallSum) => number, by?: CallSum['by']) =>
      own.reduce((total, call) => total + (by && call.by !== by ? 0 : of(call)), 0)
    const [requests, called, bytes] = [ownSum((c) => c.requests), ownSum((c) => c.calls), ownSum((c) => c.bytes)]
    const atGateway = ownSum((c) => c.requests, 'gateway')
    const avoided = requests - called - ownSum((c) => c.deferred)
    const cost = {
      ...{ busy: of.busyCost, starting: of.startingCost, idle: of.idleCost, warm: of.warmCost },
      requests: (atGateway / 1e6) * prices.perMillionRequests,
      traffic: (bytes / 1e9) * prices.perGbSent,
      gateway: share(gatewayCost, atGateway, all.requests),
      relay: share(
        relayCost,
        ownSum((c) => c.calls, 'relay'),
        all.relayCalls,
      ),
      database: share(databaseCost, of.database, all.database),
    }
    shared.set(name, {
      busySeconds: of.busy,
      byTime: cost.busy + cost.database,
      byRequests: cost.requests + cost.gateway,
      ...{ byRelayCalls: cost.relay, byBytes: cost.traffic },
    })
    return {
      ...{ name, instances: of.instances, requests, calls: called, coldStarts: ownSum((c) => c.coldStarts), bytes },
      avoided,
      seconds: { starting: of.starting, busy: of.busy, idle: of.idle, warm: of.warm },
      ...{ databaseSeconds: of.database, cpuSeconds: of.cpu },
      cost: { ...cost, total: Object.values(cost).reduce((total, part) => total + part, 0) },
      saved: called > 0 ? (avoided * cost.busy) / called : 0,
    }
  })
  const ofInstances = [...used.values()].reduce((total, { busyCost }) => total + busyCost, 0)
  const unused = [...used.values()].reduce((total, u) => total + u.startingCost + u.idleCost + u.warmCost, 0)
  const byUse = functions.reduce((total, { cost }) => total + cost.requests + cost.traffic, 0)
  const whole = {
    ...{ from: from.toISOString(), to: to.toISOString() },
    currency: given?.currency ?? null,
    cost: ofInstances + unused + gatewayCost + relayCost + databaseCost + byUse,
    functions: functions.sort((a, b) => b.cost.total - a.cost.total || b.seconds.busy - a.seconds.busy),
    plans: priceCallers(calls, shared, 'plan').map(({ who: plan, ...caller }) => ({ plan, ...caller })),
    tenants: boundTenants(priceCallers(calls, shared, 'tenant')),
    ...{ services, databaseCost, unused },
    series: seriesOf(instances, prices, +to - +from > MAX_HOURLY_DAYS * DAY_MS ? DAY_MS : HOUR_MS),
  }
  return given ? whole : withoutPrices(whole)
}

const nothingUsed = (): Used => ({
  ...{ instances: 0, starting: 0, busy: 0, idle: 0, warm: 0, cpu: 0, database: 0 },
  ...{ busyCost: 0, startingCost: 0, idleCost: 0, warmCost: 0 },
})

function sumFunctions(
  instances: readonly InstanceSum[],
  { warmth, now, prices }: Pick<PricingOptions, 'warmth' | 'now'> & { readonly prices: PriceSheet },
): Map<string, Used> {
  const used = new Map<string, Used>()
  for (const one of instances) {
    const sum = used.get(one.name) ?? nothingUsed()
    used.set(one.name, sum)
    const rate = pricePerSecond(one, prices)
    const warm = Math.min(one.idle, warmSecondsIn(one.at, warmth.get(one.name), now))
    sum.instances += one.instances
    for (const part of ['starting', 'busy', 'cpu', 'database'] as const) sum[part] += one[part]
    sum.idle += one.idle - warm
    sum.warm += warm
    sum.busyCost += one.busy * rate
    sum.startingCost += one.starting * rate
    sum.idleCost += (one.idle - warm) * rate
    sum.warmCost += warm * rate
  }
  return used
}

function priceService(name: 'gateway' | 'relay', instances: readonly InstanceSum[], prices: PriceSheet) {
  const own = instances.filter(({ kind }) => kind === name)
  const seconds = own.reduce((total, { busy }) => total + busy, 0)
  const rate = pricePerSecond(sizeOf(prices.services[name]), prices)
  return { name, instances: own.reduce((total, one) => total + one.instances, 0), seconds, cost: seconds * rate }
}

function boundTenants(callers: ReturnType<typeof priceCallers>) {
  const tenants = callers.map(({ who: tenant, ...caller }) => ({ tenant, ...caller }))
  const rest = tenants.splice(MAX_TENANTS)
  if (rest.length === 0) return tenants
  const others = { tenant: '*', requests: 0, calls: 0, busySeconds: 0, bytes: 0, cost: 0 }
  for (const one of rest)
    for (const part of ['requests', 'calls', 'busySeconds', 'bytes', 'cost'] as const) others[part] += one[part]
  return [...tenants, others]
}

function seriesOf(instances: readonly InstanceSum[], prices: PriceSheet, stepMs: number): Cost['series'] {
  const steps = new Map<number, { starting: number; busy: number; idle: number; cost: number }>()
  for (const one of instances) {
    const at = Math.floor(+one.at / stepMs) * stepMs
    const step = steps.get(at) ?? { starting: 0, busy: 0, idle: 0, cost: 0 }
    steps.set(at, step)
    for (const part of ['starting', 'busy', 'idle'] as const) step[part] += one[part]
    step.cost += (one.starting + one.busy + one.idle) * pricePerSecond(one, prices)
  }
  return [...steps].map(([at, { cost, ...seconds }]) => ({ at: new Date(at).toISOString(), seconds, cost }))
}

const AMOUNTS: ReadonlySet<string> = new Set(['saved', 'databaseCost', 'unused'])

/** The same with null in place of each amount. */
function withoutPrices(cost: Cost): Cost {
  const strip = (value: unknown, isAmount = false): unknown => {
    if (Array.isArray(value)) return value.map((item) => strip(item))
    if (typeof value !== 'object' || value === null) return isAmount ? null : value
    const entries = Object.entries(value)
    return Object.fromEntries(
      entries.map(([name, part]) => [name, strip(part, isAmount || name === 'cost' || AMOUNTS.has(name))]),
    )
  }
  // Each amount may be null, and nothing else has changed.
  return strip(cost) as Cost
}
