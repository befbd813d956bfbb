import type { Subscription } from 'ebb/contract'
import type pg from 'pg'
import { findAbandoned, findDueTimes } from '../../src/data/queue/backlog.ts'
import {
  type Delivery,
  fanOut,
  leaseDeliveries,
  type ReclaimedDelivery,
  type Settlement,
} from '../../src/data/queue/deliveries.ts'
import { reclaimDeliveries, settleDeliveries } from '../../src/data/queue/settle-deliveries.ts'
import type { CallFunction } from './call-function.ts'
import { classifyResponse } from './classify-response.ts'
import type { LeasedCall, Queue, ReclaimedCall } from './queue.ts'
import { readExcerpt } from './read-response.ts'

/** The relay itself, as whom it signs where it calls for nobody else. */
const RELAY_IDENTITY = { sub: 'relay', scopes: [] }

/**
 * How many events may lead to one that is delivered. Steps of a business are fewer; what leads back to itself would fill the
 * outbox without an end.
 */
export const MAX_HOPS = 32

const NOT_SENT = { durationMs: 0 }

const tooManyHops = (hops: number): Settlement => ({
  ...{ state: 'dead', durationMs: 0 },
  error: `${hops} events led to this one, and at most ${MAX_HOPS} may; end the chain, and redrive what is to go on`,
})

interface DeliveryQueueOptions {
  readonly pool: pg.Pool
  readonly call: CallFunction
  readonly subscriptions: () => readonly Subscription[]
}

/** Takes events from the outbox to the functions that subscribe to them. */
export function createDeliveryQueue({ pool, call, subscriptions }: DeliveryQueueOptions): Queue {
  const settle = createBatchedSettle(pool)
  return {
    targets: subscriptions,
    fanOut: () => fanOut(pool, subscriptions()),
    reclaimExpiredLeases: async (known) => {
      const granted = known.map(({ target: { name, retry }, leaseMs }) => ({
        ...{ consumer: name, attempts: retry.attempts, leaseMs },
      }))
      return (await reclaimDeliveries(pool, granted)).map(toReclaimedCall)
    },
    findAbandoned: (afterMs) => findAbandoned(pool, 'delivery', { known: getNames(subscriptions()), afterMs }),
    findDueTimes: (names) => findDueTimes(pool, 'delivery', names),
    lease: async ({ name, timeoutMs, retry }, options) => {
      const leased = await leaseDeliveries(pool, name, options)
      return leased.map((delivery) => {
        const { eventId: id, type, attempt, correlationId, traceparent, redriven, hops } = delivery
        const one: LeasedCall = {
          ...{ id, type, function: name, attempt, correlationId, traceparent, unblocksOthers: redriven },
          push: (signal) =>
            call(name, {
              ...{ method: 'POST', path: '/', headers: cloudEventHeaders(delivery), body: delivery.data },
              ...{ identity: RELAY_IDENTITY, correlationId, traceparent, timeoutMs, signal, read: readExcerpt },
            }),
          // As its contract is when the answer is there: on a laptop it may have changed meanwhile.
          judge: (answer) => {
            const { retry: now } = subscriptions().find((one) => one.name === name) ?? { retry }
            return classifyResponse(answer, attempt - delivery.forgiven, { retry: now, allAttempts: attempt })
          },
          abandon: () => ({ state: 'dead', durationMs: 0, error: `no subscriber is called ${name} any more` }),
          settle: (settlement) => settle({ delivery, settlement }),
        }
        // An operator who redrives it wants it to go on.
        return hops > MAX_HOPS && !redriven
          ? { ...one, push: async () => NOT_SENT, judge: () => tooManyHops(hops) }
          : one
      })
    },
  }
}

export const getNames = (functions: readonly { readonly name: string }[]) => functions.map(({ name }) => name)

const toReclaimedCall = ({ eventId, consumer, ...rest }: ReclaimedDelivery): ReclaimedCall => ({
  ...rest,
  id: eventId,
  function: consumer,
})

/** Answers whether the lease was still ours. */
type Settle = (settled: { readonly delivery: Delivery; readonly settlement: Settlement }) => Promise<boolean>

type WaitingSettlement = Parameters<Settle>[0] & PromiseWithResolvers<boolean>

const MAX_BATCH = 100

/** Settles together what comes while the statement before is under way: one commit for many, none waits for more. */
function createBatchedSettle(pool: pg.Pool): Settle {
  const waiting: WaitingSettlement[] = []
  let underWay = false

  const settleWaiting = async () => {
    if (underWay) return
    underWay = true
    for (let batch = waiting.splice(0, MAX_BATCH); batch.length > 0; batch = waiting.splice(0, MAX_BATCH)) {
      await settleBatch(pool, batch)
    }
    underWay = false
  }

  return (settled) => {
    const answer = Promise.withResolvers<boolean>()
    waiting.push({ ...settled, ...answer })
    void settleWaiting()
    return answer.promise
  }
}

async function settleBatch(pool: pg.Pool, batch: readonly WaitingSettlement[]): Promise<void> {
  try {
    const ours = await settleDeliveries(pool, batch)
    for (const { delivery, resolve } of batch) resolve(ours.has(delivery.leaseToken))
  } catch (fault) {
    for (const { reject } of batch) reject(fault)
  }
}

/** The headers of an event in the CloudEvents 1.0 binary mode; the body is its data. */
function cloudEventHeaders(delivery: Delivery): Record<string, string> {
  const attributes = {
    specversion: '1.0',
    id: delivery.eventId,
    source: delivery.source,
    type: delivery.type,
    time: delivery.createdAt,
    ...(delivery.subject === null ? {} : { subject: delivery.subject }),
    traceparent: delivery.traceparent,
    correlationid: delivery.correlationId,
    ebbattempt: String(delivery.attempt),
    callerid: delivery.callerId,
    ebbhops: String(delivery.hops),
  }
  const headers = Object.entries(attributes).map(([name, value]) => [`ce-${name}`, encodeHeader(value)])
  return { ...Object.fromEntries(headers), 'content-type': 'application/json' }
}

/**
 * Percent-encodes what a header cannot carry: blanks, quotes, percent signs and whatever is outside printable ASCII,
 * as UTF-8 (CloudEvents HTTP Protocol Binding 1.0.2, 3.1.3.2).
 */
export const encodeHeader = (value: string): string =>
  value.toWellFormed().replaceAll(/[^\x21-\x7e]|["%]/gu, (character) => encodeURIComponent(character))
