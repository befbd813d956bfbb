import type { Subscription } from 'ebb/contract'
import type pg from 'pg'
import { findAbandoned } from '../../src/data/abandoned.ts'
import {
  dueTimes,
  fanOut,
  type LostDelivery,
  leaseDeliveries,
  returnLost,
  type Settlement,
} from '../../src/data/deliveries.ts'
import type { Call } from './call.ts'
import { cloudEventHeaders } from './cloud-event.ts'
import { judge } from './judge.ts'
import { readBeginning } from './read-answer.ts'
import { createSettle } from './settle.ts'
import type { Leased, Lost, Work } from './work.ts'

/** The relay itself, as whom it signs where it calls for nobody else. */
export const RELAY = { sub: 'relay', scopes: [] }

/**
 * How many events may lead to one that is delivered. Steps of a business are fewer; what leads back to itself would fill the
 * outbox without an end.
 */
export const MAX_HOPS = 32

const UNSENT = { durationMs: 0 }

const endless = (hops: number): Settlement => ({
  ...{ state: 'dead', durationMs: 0 },
  error: `${hops} events led to this one, and at most ${MAX_HOPS} may; end the chain, and redrive what is to go on`,
})

export interface DeliveriesOptions {
  readonly pool: pg.Pool
  readonly call: Call
  readonly subscriptions: () => readonly Subscription[]
}

/** Takes events from the outbox to the functions that subscribe to them. */
export function deliveries({ pool, call, subscriptions }: DeliveriesOptions): Work {
  const settle = createSettle(pool)
  return {
    targets: subscriptions,
    gather: () => fanOut(pool, subscriptions()),
    takeBack: async (known) => {
      const granted = known.map(({ target: { name, retry }, leaseMs }) => ({
        ...{ consumer: name, attempts: retry.attempts, leaseMs },
      }))
      return (await returnLost(pool, granted)).map(toLost)
    },
    abandoned: (afterMs) => findAbandoned(pool, 'delivery', { known: namesOf(subscriptions()), afterMs }),
    dueTimes: (names) => dueTimes(pool, names),
    lease: async ({ name, timeoutMs, retry }, options) => {
      const leased = await leaseDeliveries(pool, name, options)
      return leased.map((delivery) => {
        const { eventId: id, type, attempt, correlationId, traceparent, redriven, hops } = delivery
        const one: Leased = {
          ...{ id, type, function: name, attempt, correlationId, traceparent, leadsOn: redriven },
          push: (signal) =>
            call(name, {
              ...{ method: 'POST', path: '/', headers: cloudEventHeaders(delivery), body: delivery.data },
              ...{ identity: RELAY, correlationId, traceparent, timeoutMs, signal, read: readBeginning },
            }),
          // As its contract is when the answer is there: on a laptop it may have changed meanwhile.
          judge: (answer) => {
            const { retry: now } = subscriptions().find((one) => one.name === name) ?? { retry }
            return judge(answer, attempt - delivery.forgiven, { retry: now, tries: attempt })
          },
          abandon: () => ({ state: 'dead', durationMs: 0, error: `no subscriber is called ${name} any more` }),
          settle: (settlement) => settle({ delivery, settlement }),
        }
        // An operator who redrives it wants it to go on.
        return hops > MAX_HOPS && !redriven ? { ...one, push: async () => UNSENT, judge: () => endless(hops) } : one
      })
    },
  }
}

export const namesOf = (functions: readonly { readonly name: string }[]) => functions.map(({ name }) => name)

const toLost = ({ eventId, consumer, ...rest }: LostDelivery): Lost => ({ ...rest, id: eventId, function: consumer })
