import { createEventQueue } from '../../services/gateway/cost/event-queue.ts'
import { createRandom } from '../../src/deploy/sample/random.ts'
import type { Demand, RequestKind, ServiceTimes } from '../../src/deploy/size/service-times.ts'
import { createEndpoints } from './endpoints.ts'
import type { Mix } from './mix.ts'
import { createPool, createStation } from './stations.ts'
import { rankOf } from './zipf.ts'

/** So many of each part. */
export interface Fleet {
  readonly gateways: number
  readonly relays: number
  /** Processes of Redis, each with a part of the callers' limits. */
  readonly redis: number
  /** Of all primaries together. */
  readonly postgresCores: number
  readonly connections: number
  /** Instances of what reads, what writes, and what takes events. */
  readonly pods: { readonly read: number; readonly write: number; readonly events: number }
}

export interface Run {
  readonly perSecond: number
  readonly mix: Mix
  readonly fleet: Fleet
  readonly times: ServiceTimes
  readonly callers: number
  /** Requests a second of one caller, and the same at once. */
  readonly limit: number
  /** Who is asked for the most is asked by as much more as the callers are. */
  readonly endpoints: number
  readonly seed: number
  /** Whether one of each part that there are several of dies in the middle. */
  readonly failures: boolean
  /** Requests that are simulated, at most. */
  readonly requests: number
  /** How long an instance takes to start, and is kept with nothing to do; how long a dead one of the others is away. */
  readonly startSeconds: number
  readonly idleSeconds: number
  readonly awaySeconds: number
}

export interface Outcome {
  /** One in so many requests was simulated, with as large a part of each of the fleet. */
  readonly oneIn: number
  readonly seconds: number
  /** Of all that there are of it, the share of their time; of instances, of the kind that has the least left. */
  readonly utilisation: Readonly<Record<Resource, number>>
  readonly pods: Readonly<Record<keyof Fleet['pods'], number>>
  readonly p50Ms: number
  readonly p99Ms: number
  /** Parts of all requests. */
  readonly limited: number
  readonly cold: number
  readonly failed: number
}

const RESOURCES = ['gateway', 'redis', 'postgres', 'connections', 'relay', 'pods'] as const
export type Resource = (typeof RESOURCES)[number]

const [MIN_SECONDS, MAX_SECONDS] = [10, 600]
const NOTHING: Demand = { busy: 0, wake: 0 }

/** Has requests come to an Ebb of this size, in an order of chance that is the same for one seed. */
export function simulate(run: Run): Outcome {
  const { perSecond, mix, fleet, times, limit, failures, startSeconds, awaySeconds, seed } = run
  const seconds = Math.min(MAX_SECONDS, Math.max(MIN_SECONDS, run.requests / perSecond))
  const oneIn = Math.max(1, (perSecond * seconds) / run.requests)
  const random = createRandom(String(seed)).fraction
  const away = (forSeconds: number) => (failures ? { away: [seconds / 2, seconds / 2 + forSeconds] as const } : {})
  const station = (servers: number, options: { readonly shared?: boolean; readonly awaySeconds?: number } = {}) =>
    createStation({
      servers: servers / oneIn,
      random,
      ...options,
      ...(options.awaySeconds ? away(options.awaySeconds) : {}),
    })
  const gateways = station(fleet.gateways, { awaySeconds })
  const redis = station(fleet.redis)
  const postgres = station(fleet.postgresCores, { shared: true })
  const relays = station(fleet.relays, { awaySeconds })
  const pods = {
    read: station(fleet.pods.read, { awaySeconds: startSeconds }),
    write: station(fleet.pods.write, { awaySeconds: startSeconds }),
    events: station(fleet.pods.events, { awaySeconds: startSeconds }),
  }
  const connections = createPool(fleet.connections / oneIn)
  const endpoints = createEndpoints({ ...run, oneIn, random })
  const fullAt = new Map<number, number>()
  const queue = createEventQueue<(at: number) => void>()
  const took: number[] = []
  const count = { all: 0, limited: 0, cold: 0, failed: 0 }
  const workOf = (kind: RequestKind) => times.requests[kind]

  /** Whether a caller's limit lets a request pass; of one in so many requests, its rate is as much less. */
  const passes = (caller: number, at: number): boolean => {
    const interval = oneIn / limit
    const full = Math.max(fullAt.get(caller) ?? at, at) + interval
    if (full - at > Math.max(1, limit / oneIn) * interval) return false
    fullAt.set(caller, full)
    return true
  }
  /** A transaction: a connection for as long as it takes, and of what writes until its commit is on the disk. */
  const transact = (
    at: number,
    { demand, writes }: { readonly demand: Demand; readonly writes: boolean },
    done: (at: number) => void,
  ) =>
    connections.take(at, (begun) => {
      const worked = postgres.serve(begun, demand).at
      // What commits come meanwhile share the next flush.
      const end = worked + (writes ? (times.flushMs / 1_000) * (1 + random()) : 0)
      queue.add(end, (now) => {
        connections.giveBack(now, now - begun)
        done(now)
      })
    })
  const deliver = (at: number) => {
    const sent = relays.serve(at, times.event.relay ?? NOTHING)
    queue.add(sent.at, (now) => {
      const called = pods.events.serve(now, times.event.function ?? NOTHING)
      const demand = times.event.postgres ?? NOTHING
      queue.add(called.at, (begun) => transact(begun, { demand, writes: true }, () => {}))
    })
  }
  const call = (beganAt: number, at: number, kind: 'read' | 'write' | 'told') => {
    const isRead = kind === 'read'
    const work = workOf(isRead ? 'read' : 'write')
    const ready = endpoints.ready(at)
    if (ready > at) count.cold++
    queue.add(ready, (now) => {
      const answered = pods[isRead ? 'read' : 'write'].serve(now, work.function ?? NOTHING)
      if (answered.failed) return void count.failed++
      queue.add(answered.at, (begun) =>
        transact(begun, { demand: work.postgres ?? NOTHING, writes: !isRead }, (end) => {
          took.push(end - beganAt)
          if (kind === 'told') deliver(end)
        }),
      )
    })
  }
  const arrive = (at: number) => {
    count.all++
    const kind = draw(mix, random())
    const caller = rankOf(random(), run.callers)
    const isLimited = kind !== 'refused' && !passes(caller, at)
    if (isLimited) count.limited++
    const work = workOf(isLimited ? 'refused' : kind === 'told' ? 'write' : kind)
    const { at: passedAt, failed } = gateways.serve(at, work.gateway ?? NOTHING)
    if (failed) return void count.failed++
    if (kind === 'refused') return void took.push(passedAt - at)
    queue.add(passedAt, (now) => {
      // A caller's limit is at one of them.
      const decided = redis.serve(now, workOf(kind === 'told' ? 'write' : kind).redis ?? NOTHING, caller)
      if (isLimited || kind === 'kept') return void took.push(decided.at - at)
      queue.add(decided.at, (later) => call(at, later, kind))
    })
  }

  const next = (at: number) => at - Math.log(1 - random()) / (perSecond / oneIn)
  for (let arrival = next(0); arrival < seconds || queue.nextAt() < Number.POSITIVE_INFINITY; ) {
    const at = queue.nextAt()
    if (arrival < seconds && arrival < at) {
      arrive(arrival)
      arrival = next(arrival)
    } else queue.take()?.(at)
  }
  took.sort((a, b) => a - b)
  const quantile = (share: number) => (took[Math.floor(took.length * share)] ?? 0) * 1_000
  const ofPods = {
    read: pods.read.utilisation(seconds),
    write: pods.write.utilisation(seconds),
    events: pods.events.utilisation(seconds),
  }
  return {
    pods: ofPods,
    ...{ oneIn, seconds, p50Ms: quantile(0.5), p99Ms: quantile(0.99) },
    utilisation: {
      ...{
        gateway: gateways.utilisation(seconds),
        redis: redis.utilisation(seconds),
        postgres: postgres.utilisation(seconds),
      },
      ...{
        connections: connections.utilisation(seconds),
        relay: relays.utilisation(seconds),
        pods: Math.max(...Object.values(ofPods)),
      },
    },
    ...{ limited: count.limited / count.all, cold: count.cold / count.all, failed: count.failed / count.all },
  }
}

/** The part that ends first: what is in line there holds connections, which are thus no cause unless they alone are too few. */
export function busiestOf({ utilisation }: Pick<Outcome, 'utilisation'>): Resource {
  const [first] = RESOURCES.filter((part) => part !== 'connections').sort((a, b) => utilisation[b] - utilisation[a])
  return first === undefined || (utilisation[first] < 1 && utilisation.connections >= 1) ? 'connections' : first
}

function draw(mix: Mix, chance: number): keyof Mix {
  let sum = 0
  let last: keyof Mix = 'read'
  for (const [kind, part = 0] of Object.entries(mix) as [keyof Mix, number | undefined][]) {
    sum += part
    last = kind
    if (chance < sum) return kind
  }
  return last
}
