import type * as z from 'zod'
import { checkSubscriber } from './check-subscriber.ts'
import type { Exact } from './endpoint.ts'
import type { SubscriberContract, SubscriberShape } from './shapes.ts'

/**
 * Declares a subscriber. Throws a ContractError in one sentence where the contract contradicts itself.
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

/** What a subscriber's handler receives, validated. */
export interface Delivered<C extends SubscriberShape> {
  readonly event: ReceivedEvent<z.output<C['on']['data']>>
  readonly data: z.output<C['on']['data']>
}

/** A CloudEvents 1.0 event as a subscriber sees it. */
export interface ReceivedEvent<Data = unknown> {
  /** Unique together with `source`; the key by which a redelivery is recognised. */
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
