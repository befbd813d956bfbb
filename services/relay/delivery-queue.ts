import { CLOUD_EVENT_BATCH_TYPE, type CloudEventAttributes, writeBatch, writeBinaryHeaders } from 'ebb/protocol'
import type pg from 'pg'
import { type Subscription, versionedType } from '../../src/contract/index.ts'
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
import type { CallFunction } from './call-function.ts'
import { classifyResponse } from './classify-response.ts'
import { createDueCalls } from './due-calls.ts'
import type { LeasedCall, Queue, ReclaimedCall, Target } from './queue.ts'
import { createRates } from './rates.ts'
import { readBatchExcerpt, readExcerpt } from './read-response.ts'
import { createWithData } from './with-data.ts'

export interface DeliveryQueueOptions {
  readonly pool: pg.Pool
  readonly call: CallFunction
  readonly subscriptions: () => readonly Subscription[]
}

/** As whom the relay signs where it calls on its own behalf. */
const RELAY_IDENTITY = { sub: 'relay', scopes: [] }

/** The tenant of an event goes with the signature, since the subscriber's transaction is that tenant's. */
const identityOf = ({ tenant }: Delivery) => (tenant === null ? RELAY_IDENTITY : { ...RELAY_IDENTITY, tenant })

/**
 * How many events may lead to one that is delivered. No business process has as many steps; a cycle of events would fill
 * the outbox without end.
 */
export const MAX_HOPS = 32

/** Takes events from the outbox to the functions that subscribe to them. */
export function createDeliveryQueue({ pool, call, subscriptions }: DeliveryQueueOptions): Queue {
  const settle = createBatchedSettle(pool)
  const due = createDueCalls(pool, 'delivery')
  const rates = createRates(pool)
  const withData = createWithData(pool)
  const fresh = createLowerBound<string>()
  const leases = createLowerBound<string>()
  const toLeasedCall = (delivery: Delivery, target: Target): LeasedCall => {
    const { eventId: id, consumer: name, type, attempt, correlationId, traceparent, redriven, hops } = delivery
    const leasedCall: LeasedCall = {
      ...{
        id,
        type,
        function: name,
        attempt,
        correlationId,
        traceparent,
        unblocksOthers: redriven || delivery.partition !== null,
      },
      ...(attempt === 1 ? { waitedSeconds: delivery.waitedSeconds } : {}),
      send: (signal) =>
        withData(delivery, signal, (body) =>
          call(name, {
            ...{ method: 'POST', path: '/', headers: writeBinaryHeaders(cloudEventAttributes(delivery)), body },
            ...{ identity: identityOf(delivery), correlationId, traceparent, signal, read: readExcerpt },
            timeoutMs: target.timeoutMs,
          }),
        ),
      // By the contract as it is when the response arrives: on a laptop it may have changed meanwhile.
      classify: (outcome) => {
        const { retry } = subscriptions().find((one) => one.name === name) ?? target
        return classifyResponse(outcome, attempt - delivery.attemptsNotCounted, { retry, allAttempts: attempt })
      },
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
        body: writeBatch(sent.map((delivery) => ({ attributes: cloudEventAttributes(delivery), json: delivery.data }))),
        ...{ identity: identityOf(first), correlationId, traceparent, signal, read: readBatchExcerpt },
        timeoutMs: target.timeoutMs,
      }),
    )
    return [joined, ...alone.map((delivery) => toLeasedCall(delivery, target))]
  }
  const batches = createBatches({ pool, due, rates, subscriptions, toCalls })
  return {
    kind: 'events',
    targets: subscriptions,
    takeNew: async (leaseable) => {
      const known = new Map(leaseable.map((one) => [one.target.name, one]))
      const to = subscriptions().map(({ name, on, rate, batch }) => ({
        ...{ name, on },
        ...(rate || batch ? {} : known.get(name)),
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
      const known = subscriptions().map(({ name }) => name)
      return findOrphaned(pool, 'delivery', { known, afterMs })
    },
    findDueTimes: async (names) => {
      const dueTimes = await due.findDueTimes(names)
      return rates.delay(new Map([...dueTimes, ...(await batches.findDueTimes(dueTimes))]))
    },
    lease: async (target, options) => {
      const { name } = target
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

/** The attributes of an event in CloudEvents 1.0; in binary mode they are headers, and the body is its data. */
const cloudEventAttributes = (delivery: Delivery): CloudEventAttributes => ({
  specversion: '1.0',
  id: delivery.eventId,
  source: delivery.source,
  type: versionedType(delivery.type, delivery.version),
  time: delivery.createdAt,
  ...(delivery.subject === null ? {} : { subject: delivery.subject }),
  traceparent: delivery.traceparent,
  correlationid: delivery.correlationId,
  ebbattempt: String(delivery.attempt),
  callerid: delivery.callerId,
  ...(delivery.tenant === null ? {} : { tenant: delivery.tenant }),
  ...(delivery.partition === null ? {} : { partitionkey: delivery.partition }),
  ebbhops: String(delivery.hops),
  datacontenttype: 'application/json',
})
