import { CLOUD_EVENT_BATCH_TYPE, writeBatch } from 'ebb/protocol'
import type pg from 'pg'
import { BROKER, isForBroker, type Subscription, WEBHOOKS } from '../../src/contract/index.ts'
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
import { joinCalls } from './batch-call.ts'
import { createBatchedSettle, partitionOf } from './batched-settle.ts'
import { createBatches } from './batches.ts'
import { BROKER_TARGET, classifyHandOver, createBackPressure } from './broker/broker-queue.ts'
import type { HandOver } from './broker/hand-over.ts'
import type { CallFunction, CallOutcome } from './call-function.ts'
import { classifyResponse } from './classify-response.ts'
import { createDueCalls } from './due-calls.ts'
import { eventAttributes, identityOf, writeEventHeaders } from './event-headers.ts'
import type { LeasedCall, Queue, ReclaimedCall, Target } from './queue.ts'
import { createRates } from './rates.ts'
import { readBatchExcerpt, readExcerpt } from './read-response.ts'
import { classifyOffer, WEBHOOKS_TARGET, type WebhookOffers } from './webhooks/offer-events.ts'
import { createWithData } from './with-data.ts'

export interface DeliveryQueueOptions {
  readonly pool: pg.Pool
  readonly call: CallFunction
  readonly subscriptions: () => readonly Subscription[]
  /** Takes events in place of the subscribers that it brings them to; undefined: the relay calls all of them. */
  readonly broker?: BrokerOptions | undefined
  /** Gives events to the webhooks of customers; undefined where there are none. */
  readonly webhooks?: WebhookOffers | undefined
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
export function createDeliveryQueue({ pool, call, subscriptions, broker, webhooks }: DeliveryQueueOptions): Queue {
  const settle = createBatchedSettle(pool)
  const due = createDueCalls(pool, 'delivery')
  const rates = createRates(pool)
  const withData = createWithData(pool)
  const pressure = createBackPressure()
  const fresh = createLowerBound<string>()
  const leases = createLowerBound<string>()
  const offered = () => webhooks?.types() ?? []
  const targets = () => [
    ...subscriptions(),
    ...(broker ? [BROKER_TARGET] : []),
    ...(offered().length > 0 ? [WEBHOOKS_TARGET] : []),
  ]
  /** Who gets a delivery of a new event, by its type. What is redriven goes to its subscriber all the same. */
  const consumers = (): readonly Consumer[] => {
    const customers = offered().map((on) => ({ name: WEBHOOKS, on }))
    const types = broker?.types()
    if (!types) return [...subscriptions(), ...customers]
    const ours = subscriptions().filter((one) => !isForBroker(one))
    return [...ours, ...types.map((on) => ({ name: BROKER, on })), ...customers]
  }

  const sendTo = (delivery: Delivery, { name, timeoutMs }: Target, { data, signal }: Sent) => {
    if (broker && name === BROKER) return broker.send(delivery, { data, signal })
    const { correlationId, traceparent } = delivery
    return call(name, {
      ...{ method: 'POST', path: '/', body: data },
      headers: writeEventHeaders(delivery, attemptOf(delivery)),
      attempt: delivery.attempt,
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
    if (target.name === WEBHOOKS) return classifyOffer(outcome, counted, attempt)
    // By the contract as it is when the response arrives: on a laptop it may have changed meanwhile.
    const { retry } = subscriptions().find((one) => one.name === target.name) ?? target
    return classifyResponse(outcome, counted, { retry, allAttempts: attempt })
  }
  const toLeasedCall = (delivery: Delivery, target: Target): LeasedCall => {
    const { eventId: id, consumer: name, type, attempt, correlationId, traceparent, redriven, hops } = delivery
    const leasedCall: LeasedCall = {
      ...{ id, type, function: name, attempt, correlationId, traceparent },
      unblocksOthers: redriven || delivery.partition !== null,
      ...(attempt === 1 ? { waitedSeconds: delivery.waitedSeconds } : {}),
      send: (signal) =>
        // What is too large for webhooks need not be read.
        webhooks && name === WEBHOOKS
          ? webhooks.send(delivery)
          : withData(delivery, signal, (data) => sendTo(delivery, target, { data, signal })),
      classify: (outcome) => classify(outcome, delivery, target),
      abandon: () => ({ state: 'dead', durationMs: 0, error: `no subscriber is called ${name} any more` }),
      settle: (settlement) => settle({ delivery, settlement }),
    }
    if (isSent(delivery)) return leasedCall
    return { ...leasedCall, send: async () => NOT_SENT, classify: () => tooManyHops(hops) }
  }
  /** One call of all that can be sent together, if that is more than one. What is large is read for itself, and goes alone. */
  const toCalls = (deliveries: readonly Delivery[], target: Target): readonly LeasedCall[] => {
    const sent = deliveries.flatMap((one) => (isSent(one) && one.data !== null ? [{ ...one, data: one.data }] : []))
    const alone = deliveries.filter((one) => !isSent(one) || one.data === null)
    const calls = sent.map((delivery) => toLeasedCall(delivery, target))
    const [first] = sent
    if (!first || calls.length === 1) return deliveries.map((delivery) => toLeasedCall(delivery, target))
    const { consumer, correlationId, traceparent } = first
    const joined = joinCalls(calls, (signal) =>
      call(consumer, {
        ...{ method: 'POST', path: '/', headers: { 'content-type': CLOUD_EVENT_BATCH_TYPE } },
        body: writeBatch(sent.map((one) => ({ attributes: eventAttributes(one, attemptOf(one)), json: one.data }))),
        ...{ identity: identityOf(first), correlationId, traceparent, signal, read: readBatchExcerpt },
        timeoutMs: target.timeoutMs,
        attempt: Math.max(...sent.map(({ attempt }) => attempt)),
      }),
    )
    return [joined, ...alone.map((delivery) => toLeasedCall(delivery, target))]
  }
  const batches = createBatches({ pool, due, rates, subscriptions, toCalls })
  return {
    kind: 'events',
    targets,
    takeNew: async (leaseable) => {
      const known = new Map(leaseable.map((one) => [one.target.name, one]))
      const mayLease = ({ name, rate, batch }: Consumer) => !rate && !batch && !rates.isPaused(name)
      const to = consumers().map((one) => ({
        ...{ name: one.name, on: one.on, change: one.change },
        ...(mayLease(one) ? known.get(one.name) : {}),
      }))
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
      const dueTimes = new Map([...Object.entries(waiting), ...released])
      const companies = await batches.findDueTimes(dueTimes)
      return { count: events, leased: calls, waiting: rates.delay(new Map([...dueTimes, ...companies])) }
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
    findDueTimes: async (names) => {
      const dueTimes = await due.findDueTimes(names)
      return rates.delay(new Map([...dueTimes, ...(await batches.findDueTimes(dueTimes))]))
    },
    lease: async (target, options) => {
      const { name } = target
      if (name === BROKER && rates.isPaused(name)) return []
      const subscription = subscriptions().find((one) => one.name === name)
      const rate = subscription?.rate
      if (rate) await rates.begin(name, rate)
      if (subscription?.batch) return batches.lease(target, subscription.batch, options)
      const leased = await leaseDeliveries(pool, name, { ...options, since: due.since(name), rate })
      if (rate && leased.length === 0) rates.pause(name, rate)
      return leased.map((delivery) => toLeasedCall(delivery, target))
    },
  }
}

interface Consumer extends Pick<Subscription, 'name' | 'on' | 'rate' | 'batch' | 'change'> {}

interface Sent {
  readonly data: string | Uint8Array
  readonly signal: AbortSignal
}

const attemptOf = ({ attempt }: Delivery) => ({ ebbattempt: String(attempt) })

/** An operator who redrives an event wants the chain to go on. */
const isSent = ({ hops, redriven }: Delivery) => hops <= MAX_HOPS || redriven

const NOT_SENT = { durationMs: 0 }

const tooManyHops = (hops: number): Settlement => ({
  ...{ state: 'dead', durationMs: 0 },
  error: `${hops} events led to this one, and at most ${MAX_HOPS} may; end the chain, and redrive what is to go on`,
})

const toReclaimedCall = ({ eventId, consumer, partition: _, ...rest }: ReclaimedDelivery): ReclaimedCall => ({
  ...{ ...rest, id: eventId, function: consumer },
})
