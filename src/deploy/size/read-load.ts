import {
  type AnyContract,
  describeDeployment,
  describeEndpoint,
  describeSubscriber,
  emitsOf,
  isFunction,
  sizeOf,
} from '../../contract/index.ts'
import { ConfigError } from '../../kernel/index.ts'
import type { EndpointLoad, Load, OwnTimes, RunAs, SubscriberLoad } from './traffic.ts'

export interface LoadOptions {
  /** Requests a second at the gateways. */
  readonly perSecond: number
  /** Deliveries a second; default: what the contracts of these requests emit, to each subscriber. */
  readonly events?: number | undefined
  /** The part of the requests that write, where no shares are given. */
  readonly writes: number
  /** The part of requests that gateways answer from what they keep, of endpoints with `cache`. */
  readonly kept: number
  /** The part of requests that gateways refuse. */
  readonly refused: number
  /** The part of each endpoint of the others, by name. */
  readonly shares?: ReadonlyMap<string, number> | undefined
  readonly own?: ReadonlyMap<string, OwnTimes> | undefined
}

/** The load of a project, by its contracts. Throws a ConfigError where it has no such endpoint. */
export function readLoad(contracts: Readonly<Record<string, AnyContract>>, options: LoadOptions): Load {
  const { perSecond, writes, kept, refused, own } = options
  const endpoints = Object.values(contracts).flatMap((contract): Known[] => {
    if (contract.kind !== 'endpoint') return []
    const { name, readOnly, cache } = describeEndpoint(contract)
    return [{ ...runAs(contract), name, kind: readOnly ? 'read' : 'write', isKept: cache !== undefined, contract }]
  })
  if (endpoints.length === 0) throw new ConfigError('there is no endpoint in this project; write one with ebb new')
  const shares = options.shares ?? spread(endpoints, writes)
  for (const name of shares.keys())
    if (!endpoints.some((one) => one.name === name)) throw new ConfigError(`there is no endpoint ${name}`)
  const passed = perSecond * (1 - refused)
  const loads = endpoints.flatMap(({ contract, isKept, ...one }): (EndpointLoad & Pick<Known, 'contract'>)[] => {
    const share = shares.get(one.name) ?? 0
    const load = { ...one, contract, perSecond: passed * share, kept: isKept ? kept : 0, own: own?.get(one.name) }
    return share > 0 ? [load] : []
  })
  return {
    endpoints: loads.map(({ contract: _, ...load }) => load),
    subscribers: subscribersOf(contracts, loads, options.events),
    refused: perSecond * refused,
  }
}

interface Known extends RunAs {
  readonly kind: EndpointLoad['kind']
  readonly isKept: boolean
  readonly contract: AnyContract
}

function runAs(contract: AnyContract): RunAs {
  if (!isFunction(contract)) throw new ConfigError(`${contract.name} is a proxy: it has no instances`)
  const { name, scale, resources } = describeDeployment(contract)
  return { name, scale, reserved: sizeOf(resources.requests) }
}

/** Evenly over what reads, and over what writes. */
function spread(endpoints: readonly Known[], writes: number): ReadonlyMap<string, number> {
  const count = (kind: EndpointLoad['kind']) => endpoints.filter((one) => one.kind === kind).length
  const [readers, writers] = [count('read'), count('write')]
  const ofWrites = readers === 0 ? 1 : writers === 0 ? 0 : writes
  return new Map(
    endpoints.map(({ name, kind }) => [name, kind === 'write' ? ofWrites / writers : (1 - ofWrites) / readers]),
  )
}

/** What each subscriber gets of the events that these calls emit, or of so many. */
function subscribersOf(
  contracts: Readonly<Record<string, AnyContract>>,
  loads: readonly (EndpointLoad & Pick<Known, 'contract'>)[],
  events: number | undefined,
): readonly SubscriberLoad[] {
  const emitted = new Map<string, number>()
  for (const { contract, perSecond, kept } of loads)
    for (const type of Object.keys(emitsOf(contract)))
      emitted.set(type, (emitted.get(type) ?? 0) + perSecond * (1 - kept))
  const subscribers = Object.values(contracts).flatMap((contract): SubscriberLoad[] => {
    if (contract.kind !== 'subscriber') return []
    return [{ ...runAs(contract), perSecond: emitted.get(describeSubscriber(contract).on) ?? 0 }]
  })
  if (events === undefined) return subscribers
  if (events > 0 && subscribers.length === 0)
    throw new ConfigError('there is no subscriber in this project, so that no events are delivered; leave --events out')
  const sum = subscribers.reduce((total, { perSecond }) => total + perSecond, 0)
  const shareOf = ({ perSecond }: SubscriberLoad) => (sum > 0 ? perSecond / sum : 1 / subscribers.length)
  return subscribers.map((one) => ({ ...one, perSecond: events * shareOf(one) }))
}
