import { coresFor, type ServiceTimes, type TotalDemand } from '../../src/deploy/size/service-times.ts'
import { LARGEST_POSTGRES_CORES } from '../../src/deploy/size/size-of.ts'
import { demandsOf, type Traffic } from '../../src/deploy/size/traffic.ts'
import type { Mix } from './mix.ts'
import type { Fleet } from './simulate.ts'

/** What there is one of unless it is told otherwise: the chart's connections, less those that are reserved. */
const CONNECTIONS = 490

export interface FleetOptions {
  readonly utilisation: number
  /** Whether there are as many Redis processes and Postgres primaries as it takes, or one of each. */
  readonly grown: boolean
}

/** As many gateways, relays and instances as keep them at this utilisation, by the same sums as `ebb size`. */
export function fleetFor(
  perSecond: number,
  mix: Mix,
  times: ServiceTimes,
  { utilisation, grown }: FleetOptions,
): Fleet {
  const { refused = 0, kept = 0, read = 0, write = 0, told = 0 } = mix
  const requests = { refused, kept, read, write: write + told }
  const traffic: Traffic = { requests: mapValues(requests, (part) => part * perSecond), events: told * perSecond }
  const demands = demandsOf(traffic, times)
  const none = { refused: 0, kept: 0, read: 0, write: 0 }
  const only = (part: Partial<Traffic['requests']>, events = 0) =>
    demandsOf({ requests: { ...none, ...part }, events }, times).function
  const count = (demand: TotalDemand, atLeast: number) => Math.max(atLeast, Math.ceil(coresFor(demand, utilisation)))
  const primaries = grown ? Math.ceil(coresFor(demands.postgres, utilisation) / LARGEST_POSTGRES_CORES) : 1
  return {
    gateways: count(demands.gateway, 2),
    relays: count(demands.relay, 2),
    redis: grown ? count(demands.redis, 1) : 1,
    postgresCores: primaries * LARGEST_POSTGRES_CORES,
    connections: primaries * CONNECTIONS,
    pods: {
      read: count(only({ read: traffic.requests.read }), 1),
      write: count(only({ write: traffic.requests.write }), 1),
      events: count(only({}, traffic.events), 1),
    },
  }
}

function mapValues<Key extends string>(
  values: Readonly<Record<Key, number>>,
  to: (value: number) => number,
): Readonly<Record<Key, number>> {
  const entries = (Object.entries(values) as [Key, number][]).map(([key, value]) => [key, to(value)])
  return Object.fromEntries(entries) as Record<Key, number>
}
