import type { EventContract } from '../event-shape.ts'

/**
 * An event that callers of a GraphQL endpoint may follow, and whose it is: one of `owner`, `tenant` and `anyone` must be named.
 * @example const subscription: GraphqlSubscription = { on: orderPlaced, owner: 'customer', scopes: ['orders:read'] }
 */
export interface GraphqlSubscription {
  /** The event. Its data are the type of the field. */
  readonly on: EventContract
  /** The field of its data that holds the subject (`caller.sub`) who may follow it; tenants are kept apart besides. */
  readonly owner?: string
  /** Every caller of the tenant in whose request it was emitted may follow it; one that has no tenant goes to nobody. */
  readonly tenant?: true
  /** Every caller may follow it, whichever tenant it is of. */
  readonly anyone?: true
  /** What a caller must be allowed to in order to follow it; default: nothing. */
  readonly scopes?: readonly string[]
  /** The fields of its data that are arguments of the field: who gives one gets only events that have the same. */
  readonly by?: readonly string[]
}

/**
 * Events by the name of the field that follows them.
 * @example const subscriptions: GraphqlSubscriptions = { orderPlaced: { on: orderPlaced, owner: 'customer' } }
 */
export type GraphqlSubscriptions = Readonly<Record<string, GraphqlSubscription>>

/** The same as plain data: what the gateway reads. */
export interface FollowedEvent extends Omit<GraphqlSubscription, 'on'> {
  readonly type: string
  /** Of the data that the field shows. */
  readonly version: number
}
