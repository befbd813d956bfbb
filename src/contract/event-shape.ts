import type * as z from 'zod'

/**
 * The declaration of an event, as `event()` takes it.
 * @example const shape: EventShape = { type: 'order.placed', data: z.object({ id: z.uuid() }) }
 */
export interface EventShape {
  /** The name of what happened, in the past tense and dotted, such as `user.created`: the CloudEvents `type`. */
  readonly type: string
  /** The schema of the CloudEvents `data`: JSON of at most 16 MiB. It has no transforms: what is stored is what subscribers read. */
  readonly data: z.ZodType
  /** What it says has happened, in one sentence, for the published documentation. */
  readonly summary?: string
  /** Which version of its data this is: a whole number (default: 1), raised by a change that its subscribers could not read. */
  readonly version?: number
  /** How the data of an older version become those of this one, so that what is stored is still read. */
  readonly upcast?: Upcast
  /** Lets customers subscribe to it by webhooks of their own (`/v1/webhooks`); default: nobody but functions gets it. */
  readonly webhook?: EventWebhook
}

/**
 * Who may have an event sent to an address of one's own: whoever the event belongs to, which its emitter says by `owner`, or
 * all callers of its tenant. One of the two must be named.
 * @example const webhook: EventWebhook = { owner: 'customer', scopes: ['orders:read'] }
 */
export interface EventWebhook {
  /** The field of its data that holds the subject (`caller.sub`) whose event it is; tenants are kept apart besides. */
  readonly owner?: string
  /** Every caller of the tenant in whose request it was emitted may have it; one that has no tenant goes to nobody. */
  readonly tenant?: true
  /** What a caller must be allowed to in order to subscribe; default: nothing. */
  readonly scopes?: readonly string[]
}

/**
 * How data of an older version of an event become data of a newer one: `data` gets what the older schema has accepted, and what it
 * returns is checked by the newer one. It only computes: what it needs must be in the data.
 * @example
 * const upcast: Upcast<typeof orderPlaced, { id: string; sku: string }> = {
 *   from: orderPlaced,
 *   data: ({ id }) => ({ id, sku: 'unknown' }),
 * }
 */
export interface Upcast<From extends EventContract = EventContract, To = unknown> {
  /** The older version, with an `upcast` of its own where there is one older still. */
  readonly from: From
  /** Returns the data of the newer version. */
  data(data: z.output<From['data']>): To
}

/**
 * A fact that functions share: declared once under domain/, named by the `emits` and `on` of contracts.
 * @example const types = (events: readonly EventContract[]) => events.map(({ type }) => type)
 */
export type EventContract<E extends EventShape = EventShape> = E & { readonly kind: 'event' }

/** The value of an `emits` entry: the event's schema, or an `event()` of the same type. */
export type Emitted = z.ZodType | EventContract
/**
 * What a handler may `emit`, by event type: an `event()`, or a schema where no other function shares it.
 * @example const emits: Emits = { 'order.placed': orderPlaced, 'stock.moved': z.object({ sku: z.string() }) }
 */
export type Emits = Readonly<Record<string, Emitted>>
