import type { Durations } from '../../../src/data/cost/durations.ts'
import type { Arrival } from './arrivals.ts'
import { createDurations } from './distribution.ts'
import { createEventQueue } from './event-queue.ts'
import { createSimulatedInstances, type Running, type SimulatedInstance } from './simulated-instances.ts'

/** How long things take, in milliseconds: one after the other. */
export interface Times {
  /** From when an instance has a call to the begin of its response. */
  readonly serviceMs: () => number
  /** From there to the end of its response. */
  readonly tailMs: number
  readonly startMs: () => number
}

export interface SimulatedRun extends Running {
  /** How long replies are kept: 0 for no cache. */
  readonly maxAgeSeconds: number
}

/** What comes of it. */
export interface Lives {
  /** That came to the function. */
  readonly calls: number
  readonly starts: number
  readonly instanceSeconds: number
  /** From requests to the begin of their responses. */
  readonly durations: Durations
}

/** What a reply from a gateway's cache takes. */
export const HIT_MS = 1
/** A gateway has other things to do: it looks after those each time that so much was simulated. */
const SLICE = 2_000

type Happening =
  | { readonly kind: 'ready'; readonly instance: SimulatedInstance }
  | { readonly kind: 'responded'; readonly arrival: Arrival }
  | { readonly kind: 'ended'; readonly instance: SimulatedInstance }
  | { readonly kind: 'warm' }

/**
 * Has requests come to instances as they came, one by one, from one time to another: those that find none that is free wait in order, and have
 * another one started; one that has nothing to do for `idleSeconds` ends. Nothing of it is by chance.
 */
export async function simulateCalls(arrivals: readonly Arrival[], run: SimulatedRun, times: Times): Promise<Lives> {
  const { from, to, concurrency, maxAgeSeconds, warm } = run
  const events = createEventQueue<Happening>()
  const instances = createSimulatedInstances(run)
  const { durations, count } = createDurations()
  /** The calls that wait, from `first` on. */
  const waiting: Arrival[] = []
  let first = 0
  const freshUntil = new Map<number, number>()
  /** Of what is being asked of the function, who waits for the same reply. */
  const sharing = new Map<number, Arrival[]>()
  let calls = 0

  const start = (now: number) =>
    events.add(now + times.startMs() / 1_000, { kind: 'ready', instance: instances.start(now) })
  /** As the laptop's activator does, and much as Knative does. */
  const assign = (now: number) => {
    for (let free = instances.free(now); free && first < waiting.length; free = instances.free(now)) {
      const arrival = waiting[first++]
      if (!arrival) break
      instances.take(free)
      const respondedAt = now + times.serviceMs() / 1_000
      events.add(respondedAt, { kind: 'responded', arrival })
      events.add(respondedAt + times.tailMs / 1_000, { kind: 'ended', instance: free })
    }
    if (waiting.length - first > instances.starting() * concurrency && instances.mayStart(now)) start(now)
  }
  const call = (arrival: Arrival) => {
    calls++
    waiting.push(arrival)
    assign(arrival.at)
  }
  const arrive = (arrival: Arrival) => {
    const { at, resource } = arrival
    if (resource === undefined || maxAgeSeconds === 0) return call(arrival)
    if (at < (freshUntil.get(resource) ?? Number.NEGATIVE_INFINITY)) return count(HIT_MS)
    const others = sharing.get(resource)
    if (others) return void others.push(arrival)
    sharing.set(resource, [])
    call(arrival)
  }
  const respond = (arrival: Arrival, now: number) => {
    const { resource } = arrival
    const others = (resource !== undefined && sharing.get(resource)) || []
    for (const { at } of [arrival, ...others]) count((now - at) * 1_000)
    if (resource === undefined || maxAgeSeconds === 0) return
    sharing.delete(resource)
    freshUntil.set(resource, now + maxAgeSeconds)
  }
  const happen = (event: Happening, now: number) => {
    if (event.kind === 'responded') return respond(event.arrival, now)
    if (event.kind === 'ready') instances.ready(event.instance, now)
    else if (event.kind === 'ended') instances.release(event.instance, now)
    else if (instances.count(now) === 0) start(now)
    assign(now)
  }

  for (const [begin] of warm) if (begin > from) events.add(begin, { kind: 'warm' })
  let done = 0
  for (let next = 0; next < arrivals.length || events.nextAt() < Number.POSITIVE_INFINITY; ) {
    const arrival = arrivals[next]
    const now = events.nextAt()
    if (arrival && arrival.at < now) {
      next++
      arrive(arrival)
    } else {
      const event = events.take()
      if (event) happen(event, now)
    }
    if (++done % SLICE === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  return { calls, durations, ...instances.sum(to) }
}
