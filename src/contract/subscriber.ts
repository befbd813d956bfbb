import type * as z from 'zod'
import { checkSubscriber } from './check-subscriber.ts'
import type { Deployment } from './deployment.ts'
import type { Exact } from './endpoint.ts'
import type { Emits, EventContract } from './event.ts'

/** Exponential back-off with full jitter between attempts. */
export interface Retry {
  /** Deliveries in all before the event waits in the dead letters; 10 unless told. */
  readonly attempts?: number
  /** 1 s unless told. */
  readonly minDelayMs?: number
  /** 5 min unless told. */
  readonly maxDelayMs?: number
}

/** A function that the relay calls with each event of one type. */
export interface SubscriberShape extends Deployment {
  readonly name: string
  readonly summary: string
  readonly description?: string
  readonly on: EventContract
  readonly retry?: Retry
  readonly emits?: Emits
  /** Each way in which the handler may refuse for good: a 4xx is final, 408, 425, 429 and 5xx are tried again. */
  readonly failures?: Readonly<Record<string, number>>
}

export type SubscriberContract<C extends SubscriberShape = SubscriberShape> = C & { readonly kind: 'subscriber' }

/** A CloudEvents 1.0 event as a subscriber sees it. */
export interface ReceivedEvent<Data = unknown> {
  /** Unique with `source`; the key by which a redelivery is recognised. */
  readonly id: string
  readonly source: string
  readonly type: string
  /** RFC 3339. */
  readonly time: string
  readonly subject: string | undefined
  readonly data: Data
  /** 1 for the first delivery. */
  readonly attempt: number
}

/** What a subscriber's handler receives, validated. */
export interface Delivered<C extends SubscriberShape> {
  readonly event: ReceivedEvent<z.output<C['on']['data']>>
  readonly data: z.output<C['on']['data']>
}

/**
 * Declares a subscriber. Throws a ContractFault in one sentence where the contract contradicts itself.
 * @example
 * export default subscriber({
 *   name: 'confirm-order',
 *   summary: 'Confirm an order.',
 *   on: orderPlaced,
 *   retry: { attempts: 8 },
 * })
 */
export function subscriber<const C extends SubscriberShape>(
  contract: Exact<C, SubscriberShape>,
): SubscriberContract<C> {
  checkSubscriber(contract)
  return Object.freeze({ ...(contract as C), kind: 'subscriber' as const })
}
