import { writeBinaryHeaders } from 'ebb/protocol'
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
import { createBatchedSettle, partitionOf } from './batched-settle.ts'
import type { CallFunction } from './call-function.ts'
import { classifyResponse } from './classify-response.ts'
import { createDueCalls } from './due-calls.ts'
import type { LeasedCall, Queue, ReclaimedCall, Target } from './queue.ts'
import { createRates } from './rates.ts'
import { readExcerpt } from './read-response.ts'
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
            ...{ method: 'POST', path: '/', headers: cloudEventHeaders(delivery), body },
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
    // An operator who redrives an event wants the chain to go on.
    if (hops <= MAX_HOPS || redriven) return leasedCall
    return { ...leasedCall, send: async () => NOT_SENT, classify: () => tooManyHops(hops) }
  }
  return {
    kind: 'events',
    targets: subscriptions,
    takeNew: async (leaseable) => {
      const known = new Map(leaseable.map((one) => [one.target.name, one]))
      const to = subscriptions().map(({ name, on, rate }) => ({ name, on, ...(rate ? {} : known.get(name)) }))
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
      const known = subscriptions().map(({ name }) => name)
      return findOrphaned(pool, 'delivery', { known, afterMs })
    },
    findDueTimes: async (names) => rates.delay(await due.findDueTimes(names)),
    lease: async (target, options) => {
      const { name } = target
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

/** The headers of an event in the CloudEvents 1.0 binary mode; the body is its data. */
const cloudEventHeaders = (delivery: Delivery): Record<string, string> =>
  writeBinaryHeaders({
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
