import type pg from 'pg'
import { BROKER, isForBroker, type Subscription } from '../../src/contract/index.ts'
import { findOrphaned } from '../../src/data/queue/backlog.ts'
import {
  type Delivery,
  leaseDeliveries,
  type ReclaimedDelivery,
  type Settlement,
} from '../../src/data/queue/deliveries.ts'
import { fanOut } from '../../src/data/queue/fan-out.ts'
import { createLowerBound } from '../../src/data/queue/lower-bound.ts'
import { releaseFirst } from '../../src/data/queue/partitions.ts'
import { reclaimDeliveries } from '../../src/data/queue/settle-deliveries.ts'
import { createBatchedSettle, partitionOf } from './batched-settle.ts'
import { BROKER_TARGET, classifyHandOver, createBackPressure } from './broker/broker-queue.ts'
import type { HandOver } from './broker/hand-over.ts'
import type { CallFunction, CallOutcome } from './call-function.ts'
import { classifyResponse } from './classify-response.ts'
import { createDueCalls } from './due-calls.ts'
import { identityOf, writeEventHeaders } from './event-headers.ts'
import type { LeasedCall, Queue, ReclaimedCall, Target } from './queue.ts'
import { createRates } from './rates.ts'
import { readExcerpt } from './read-response.ts'

export interface DeliveryQueueOptions {
  readonly pool: pg.Pool
  readonly call: CallFunction
  readonly subscriptions: () => readonly Subscription[]
  /** Takes events in place of the subscribers that it brings them to; undefined: the relay calls all of them. */
  readonly broker?: BrokerOptions | undefined
}

interface BrokerOptions extends Pick<HandOver, 'send'> {
  /** The types of events that it gets; undefined where it gets no new ones any more. */
  readonly types: () => readonly string[] | undefined
}

/**
 * How many events may lead to one that is delivered. No business process has as many steps; a cycle of events would fill
 * the outbox without end.
 */
export const MAX_HOPS = 32

/** Takes events from the outbox to the functions that subscribe to them, or to a broker that does. */
export function createDeliveryQueue({ pool, call, subscriptions, broker }: DeliveryQueueOptions): Queue {
  const settle = createBatchedSettle(pool)
  const due = createDueCalls(pool, 'delivery')
  const rates = createRates(pool)
  const pressure = createBackPressure()
  const fresh = createLowerBound<string>()
  const leases = createLowerBound<string>()
  const targets = () => (broker ? [...subscriptions(), BROKER_TARGET] : subscriptions())
  /** Who gets a delivery of a new event, by its type. What is redriven goes to its subscriber all the same. */
  const consumers = (): readonly Pick<Subscription, 'name' | 'on' | 'rate'>[] => {
    const types = broker?.types()
    if (!types) return subscriptions()
    const ours = subscriptions().filter((one) => !isForBroker(one))
    return [...ours, ...types.map((on) => ({ name: BROKER, on }))]
  }

  const sendTo = (delivery: Delivery, { name, timeoutMs }: Target, signal: AbortSignal) => {
    if (broker && name === BROKER) return broker.send(delivery, signal)
    const { correlationId, traceparent } = delivery
    return call(name, {
      ...{ method: 'POST', path: '/', body: delivery.data },
      headers: writeEventHeaders(delivery, { ebbattempt: String(delivery.attempt) }),
      ...{ identity: identityOf(delivery), correlationId, traceparent, timeoutMs, signal, read: readExcerpt },
    })
  }
  const classify = (outcome: CallOutcome, delivery: Delivery, target: Target) => {
    const { attempt } = delivery
    const counted = attempt - delivery.attemptsNotCounted
    if (broker && target.name === BROKER) {
      const pauseMs = pressure.record(outcome)
      if (pauseMs > 0) rates.pauseFor(BROKER, pauseMs)
      return classifyHandOver(outcome, counted, attempt)
    }
    // By the contract as it is when the response arrives: on a laptop it may have changed meanwhile.
    const { retry } = subscriptions().find((one) => one.name === target.name) ?? target
    return classifyResponse(outcome, counted, { retry, allAttempts: attempt })
  }
  const toLeasedCall = (delivery: Delivery, target: Target): LeasedCall => {
    const { eventId: id, consumer: name, type, attempt, correlationId, traceparent, redriven, hops } = delivery
    const leasedCall: LeasedCall = {
      ...{ id, type, function: name, attempt, correlationId, traceparent },
      unblocksOthers: redriven || delivery.partition !== null,
      send: (signal) => sendTo(delivery, target, signal),
      classify: (outcome) => classify(outcome, delivery, target),
      abandon: () => ({ state: 'dead', durationMs: 0, error: `no subscriber is called ${name} any more` }),
      settle: (settlement) => settle({ delivery, settlement }),
    }
    // An operator who redrives an event wants the chain to go on.
    if (hops <= MAX_HOPS || redriven) return leasedCall
    return { ...leasedCall, send: async () => NOT_SENT, classify: () => tooManyHops(hops) }
  }
  return {
    kind: 'events',
    targets,
    takeNew: async (leaseable) => {
      const known = new Map(leaseable.map((one) => [one.target.name, one]))
      const mayLease = ({ name, rate }: Pick<Subscription, 'name' | 'rate'>) => !rate && !rates.isPaused(name)
      const to = consumers().map((one) => ({ ...one, ...(mayLease(one) ? known.get(one.name) : {}) }))
      const from = fresh.next()
      const { events, leased, waiting, since, partitions } = await fanOut(pool, to, { since: from })
      const calls = leased.flatMap((delivery) => {
        const { target } = known.get(delivery.consumer) ?? {}
        return target ? toLeasedCall(delivery, target) : []
      })
      // Where this fails, the next look at everything makes up for it: what is leased has to start.
      await releaseFirst(pool, from === undefined ? undefined : partitions).catch(() => {})
      fresh.found(since)
      const released = partitions.map(({ consumer }) => [consumer, 0] as const)
      return { count: events, leased: calls, waiting: rates.delay(new Map([...Object.entries(waiting), ...released])) }
    },
    reclaimExpiredLeases: async (known) => {
      const grants = known.map(({ target: { name, retry }, leaseMs }) => ({
        ...{ consumer: name, attempts: retry.attempts, leaseMs },
      }))
      const { reclaimed, since } = await reclaimDeliveries(pool, grants, { since: leases.next() })
      leases.found(since)
      await releaseFirst(pool, reclaimed.filter(({ state }) => state === 'dead').flatMap(partitionOf))
      return reclaimed.map(toReclaimedCall)
    },
    findOrphaned: (afterMs) => {
      const known = targets().map(({ name }) => name)
      return findOrphaned(pool, 'delivery', { known, afterMs })
    },
    findDueTimes: async (names) => rates.delay(await due.findDueTimes(names)),
    lease: async (target, options) => {
      const { name } = target
      if (name === BROKER && rates.isPaused(name)) return []
      const rate = subscriptions().find((one) => one.name === name)?.rate
      if (rate) await rates.begin(name, rate)
      const leased = await leaseDeliveries(pool, name, { ...options, since: due.since(name), rate })
      if (rate && leased.length === 0) rates.pause(name, rate)
      return leased.map((delivery) => toLeasedCall(delivery, target))
    },
  }
}

const NOT_SENT = { durationMs: 0 }

const tooManyHops = (hops: number): Settlement => ({
  ...{ state: 'dead', durationMs: 0 },
  error: `${hops} events led to this one, and at most ${MAX_HOPS} may; end the chain, and redrive what is to go on`,
})

const toReclaimedCall = ({ eventId, consumer, partition: _, ...rest }: ReclaimedDelivery): ReclaimedCall => ({
  ...{ ...rest, id: eventId, function: consumer },
})
