import { type PriceSheet, pricePerSecond } from '../../contract/index.ts'
import type { ReservedSize } from '../../contract/price-of.ts'
import { addDemands, coresFor, type ServiceTimes, type TotalDemand } from './service-times.ts'
import { calledOf, demandsOf, type EndpointLoad, type Load, type RunAs, trafficOf } from './traffic.ts'

/** What an installation gives its parts: the chart's values. */
export interface Installation {
  readonly gateway: { readonly replicas: number; readonly poolMax: number; readonly reserved: ReservedSize }
  readonly relay: { readonly replicas: number; readonly poolMax: number; readonly reserved: ReservedSize }
  readonly redis: { readonly reserved: ReservedSize }
  readonly postgres: { readonly connections: number; readonly reserved: ReservedSize }
  /** Connections of one instance of a function. */
  readonly functionPoolMax: number
}

export interface SizeOptions {
  readonly times: ServiceTimes
  readonly installation: Installation
  readonly prices?: PriceSheet | undefined
  /** How busy each part may be, so that it has room for what comes at once and for one that fails. */
  readonly utilisation: number
  readonly bytesPerResponse: number
}

/** So many of a part, and what each reserves. */
export interface SizedPart extends ReservedSize {
  readonly part: 'gateway' | 'relay' | 'redis' | 'postgres' | 'endpoint' | 'subscriber'
  readonly name: string
  readonly count: number
  /** The cores that all of them use together. */
  readonly cores: number
  readonly perMonth: number | null
  /** Of a function: what its contract allows, where that is less. */
  readonly max?: number
}

export interface Sized {
  readonly parts: readonly SizedPart[]
  /** To Postgres, if every pool is full. */
  readonly connections: number
  readonly perMonth: number | null
}

/** A month of 730 hours. */
const MONTH_SECONDS = 730 * 3_600
/** More cores than that nobody sells for one Postgres at a usual price. */
export const LARGEST_POSTGRES_CORES = 32
const [MILLI, STEP_MILLI, MILLION, GB] = [1_000, 50, 1e6, 1e9]

/** So many of each part as keep it at the utilisation or below. */
export function sizeOf(load: Load, options: SizeOptions): Sized {
  const { times, installation, prices, utilisation, bytesPerResponse } = options
  const traffic = trafficOf(load)
  const demands = demandsOf(traffic, times)
  const price = (count: number, reserved: ReservedSize) =>
    prices ? count * pricePerSecond(reserved, prices) * MONTH_SECONDS : null
  const sized = (part: SizedPart['part'], name: string, demand: TotalDemand, given: Given): SizedPart => {
    const { atLeast = 1, coresEach = 1, reserved, max } = given
    const needed = coresFor(demand, utilisation)
    const count = Math.max(atLeast, Math.ceil(needed / coresEach - EPSILON))
    const each = { ...reserved, cpuMilli: Math.max(reserved.cpuMilli, toSteps(needed / count)) }
    const limited = max !== undefined && max < count ? { max } : {}
    return { part, name, count, ...each, cores: needed * utilisation, perMonth: price(count, each), ...limited }
  }
  const { gateway, relay, redis, postgres } = installation
  const platform = [
    sized('gateway', 'gateway', demands.gateway, { atLeast: gateway.replicas, reserved: gateway.reserved }),
    sized('relay', 'relay', demands.relay, { atLeast: relay.replicas, reserved: relay.reserved }),
    sized('redis', 'redis', demands.redis, { reserved: redis.reserved }),
  ]
  const database = sized('postgres', 'postgres', demands.postgres, {
    ...{ coresEach: LARGEST_POSTGRES_CORES, reserved: postgres.reserved },
  })
  const functions = [
    ...load.endpoints.map((one) =>
      sized('endpoint', one.name, callDemand(one, times), podsOf(one, times, utilisation)),
    ),
    ...load.subscribers.map((one) => {
      const each = addDemands([{ perSecond: one.perSecond, demand: times.event.function }])
      return sized(
        'subscriber',
        one.name,
        each,
        inFlight(one, (one.perSecond * times.connectionMs.write) / 1_000, utilisation),
      )
    }),
  ]
  const parts = [
    ...platform,
    // Its price is that of the whole database.
    { ...database, perMonth: prices ? (database.count * prices.databasePerHour * MONTH_SECONDS) / 3_600 : null },
    ...functions,
  ]
  const [gateways = 0, relays = 0] = platform.map(({ count }) => count)
  const pods = functions.reduce((sum, { count }) => sum + count, 0)
  const requests = Object.values(traffic.requests).reduce((sum, perSecond) => sum + perSecond, 0) * MONTH_SECONDS
  const use =
    prices && (requests / MILLION) * prices.perMillionRequests + ((requests * bytesPerResponse) / GB) * prices.perGbSent
  return {
    parts,
    // Gateway and relay listen on one more each.
    connections: gateways * (gateway.poolMax + 1) + relays * (relay.poolMax + 1) + pods * installation.functionPoolMax,
    perMonth: use === undefined ? null : parts.reduce((sum, { perMonth }) => sum + (perMonth ?? 0), use),
  }
}

interface Given {
  readonly atLeast?: number
  /** The most that one of them can use. */
  readonly coresEach?: number
  readonly reserved: ReservedSize
  readonly max?: number
}

/** Rounding must not add one. */
const EPSILON = 1e-9
const toSteps = (cores: number) => Math.ceil((cores * MILLI) / STEP_MILLI - EPSILON) * STEP_MILLI

/** What the calls of an endpoint compute in its function. */
function callDemand(load: EndpointLoad, times: ServiceTimes): TotalDemand {
  const demand = load.own ? { busy: load.own.cpuMicros, wake: 0 } : times.requests[load.kind].function
  return addDemands([{ perSecond: calledOf(load), demand }])
}

/** How long a call takes that waits for nobody else. */
export function callMs({ kind, own }: Pick<EndpointLoad, 'kind' | 'own'>, times: ServiceTimes): number {
  return own?.waitMs ?? times.connectionMs[kind] + (times.requests[kind].function?.busy ?? 0) / 1_000
}

const podsOf = (load: EndpointLoad, times: ServiceTimes, utilisation: number): Given =>
  inFlight(load, (calledOf(load) * callMs(load, times)) / 1_000, utilisation)

/** As many instances as so many calls at a time need. */
function inFlight({ scale, reserved }: RunAs, calls: number, utilisation: number): Given {
  const atLeast = Math.max(scale.min, Math.ceil(calls / (scale.concurrency * utilisation) - EPSILON))
  return { atLeast, reserved, max: scale.max }
}
