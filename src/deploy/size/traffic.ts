import type { ReservedSize } from '../../contract/price-of.ts'
import {
  addDemands,
  CPU_PARTS,
  type CpuPart,
  type RequestKind,
  type ServiceTimes,
  type TotalDemand,
} from './service-times.ts'

/** Requests and events a second. */
export interface Traffic {
  readonly requests: Readonly<Record<RequestKind, number>>
  /** Deliveries: an event with two subscribers is two. */
  readonly events: number
}

/** How a function runs, by its contract. */
export interface RunAs {
  readonly name: string
  readonly scale: { readonly min: number; readonly max: number; readonly concurrency: number }
  readonly reserved: ReservedSize
}

/** What was recorded of a function, for one call. */
export interface OwnTimes {
  readonly cpuMicros: number
  readonly waitMs: number
  readonly connectionMs: number
}

/** What comes to an endpoint. */
export interface EndpointLoad extends RunAs {
  readonly kind: 'read' | 'write'
  /** Requests a second at the gateways, without those that they refuse. */
  readonly perSecond: number
  /** The part of them that the gateways answer from what they keep. */
  readonly kept: number
  readonly own?: OwnTimes | undefined
}

/** Deliveries a second to a subscriber. */
export interface SubscriberLoad extends RunAs {
  readonly perSecond: number
}

/** All of it together. */
export interface Load {
  readonly endpoints: readonly EndpointLoad[]
  readonly subscribers: readonly SubscriberLoad[]
  /** Requests that the gateways refuse. */
  readonly refused: number
}

/** The sums of a load. */
export function trafficOf({ endpoints, subscribers, refused }: Load): Traffic {
  const sum = (of: (load: EndpointLoad) => number) => endpoints.reduce((total, load) => total + of(load), 0)
  const called = (kind: EndpointLoad['kind']) => sum((load) => (load.kind === kind ? calledOf(load) : 0))
  return {
    requests: {
      refused,
      kept: sum((load) => load.perSecond * load.kept),
      read: called('read'),
      write: called('write'),
    },
    events: subscribers.reduce((total, { perSecond }) => total + perSecond, 0),
  }
}

/** The requests a second that come to the function itself. */
export const calledOf = ({ perSecond, kept }: EndpointLoad): number => perSecond * (1 - kept)

/** What each part has to do a second. */
export function demandsOf({ requests, events }: Traffic, times: ServiceTimes): Readonly<Record<CpuPart, TotalDemand>> {
  const kinds = Object.entries(requests) as [RequestKind, number][]
  const demands = CPU_PARTS.map((part): [CpuPart, TotalDemand] => {
    const ofRequests = kinds.map(([kind, perSecond]) => ({ perSecond, demand: times.requests[kind][part] }))
    return [part, addDemands([...ofRequests, { perSecond: events, demand: times.event[part] }])]
  })
  // Each part is there.
  return Object.fromEntries(demands) as Record<CpuPart, TotalDemand>
}
