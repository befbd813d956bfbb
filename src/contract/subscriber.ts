import type * as z from 'zod'
import type { ReceiverContract } from './any-contract.ts'
import { checkSubscriber } from './check-subscriber.ts'
import type { Exact, Failure } from './endpoint.ts'
import type { SubscriberContract, SubscriberShape } from './subscriber-shape.ts'

/**
 * Declares a subscriber: its handler takes effect once for each event, however often that is delivered. Throws a
 * {@link ContractError}, one sentence that says what to write instead, where the contract contradicts itself.
 * @example
 * export default subscriber({
 *   name: 'confirm-order',
 *   summary: 'Confirm an order.',
 *   on: orderPlaced,
 *   retry: { attempts: 8 },
 * })
 * @see docs/contracts.md
 */
export function subscriber<const C extends SubscriberShape>(
  contract: Exact<C, SubscriberShape>,
): SubscriberContract<C> {
  checkSubscriber(contract)
  return Object.freeze({ ...(contract as C), kind: 'subscriber' as const })
}

/**
 * What the handler of a subscriber or a schedule receives: decoded and validated.
 * @example const orderId = ({ data }: Delivered<typeof confirmOrder>) => data.id
 */
export interface Delivered<C extends Pick<ReceiverContract, 'on'>> {
  /** The event with its attributes. */
  readonly event: ReceivedEvent<z.output<C['on']['data']>>
  /** The event's data. */
  readonly data: z.output<C['on']['data']>
}

/**
 * What the handler of a subscriber with `batch` receives: events that it has not taken before, each decoded and validated.
 * @example const idsOf = ({ events }: DeliveredBatch<typeof countReadings>) => events.map(({ event }) => event.id)
 */
export interface DeliveredBatch<C extends Pick<ReceiverContract, 'on'>> {
  /** One or more; those that were due first come first. */
  readonly events: readonly Delivered<C>[]
}

/**
 * What the handler of a subscriber with `batch` returns where some of its events have failed. All others are done. Where all have
 * failed, what it wrote is rolled back; otherwise it stays, so undo what belongs to a failed event with a savepoint.
 * @example const failAll = ({ events }: DeliveredBatch<typeof countReadings>): BatchResult<typeof countReadings> => ({ failed: events.map(({ event }) => ({ id: event.id })) })
 */
export interface BatchResult<C> {
  /** The events that have failed. */
  readonly failed: readonly FailedEvent<C>[]
}

/**
 * One event of a batch that has failed.
 * @example const unknown: FailedEvent<typeof countReadings> = { id: '7', failure: 'sensor_unknown', message: 'There is no sensor 7.' }
 */
export interface FailedEvent<C> {
  /** The id of the event. */
  readonly id: string
  /** One of the contract's `failures`: a 4xx is final. Default: the event is tried again. */
  readonly failure?: Failure<C>
  /** Why, for its history. */
  readonly message?: string
}

/**
 * A CloudEvents 1.0 event as a subscriber sees it.
 * @example const messageId = ({ id }: ReceivedEvent) => `${id}@shop.example`
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
 */
export interface ReceivedEvent<Data = unknown> {
  /** Unique together with `source`; the key by which a redelivery is recognised. */
  readonly id: string
  /** What emitted it: `/functions/<name>`. */
  readonly source: string
  /** The kind of event, such as `order.placed`. */
  readonly type: string
  /** When it was emitted (RFC 3339). */
  readonly time: string
  /** The tenant of the caller whose request emitted it; undefined where that had none. */
  readonly tenant: string | undefined
  /** What it is about, where its emitter said so. */
  readonly subject: string | undefined
  /** Its data, decoded. */
  readonly data: Data
  /** How often it has been delivered with this delivery: 1 for the first. */
  readonly attempt: number
}
