import type { Deployment } from './deployment-shape.ts'
import type { Emits, EventContract } from './event-shape.ts'

/**
 * A function that the relay calls with each event of one type, as `subscriber()` takes it.
 * @example const shape: SubscriberShape = { name: 'confirm-order', summary: 'Confirm an order.', on: orderPlaced }
 */
export interface SubscriberShape extends Deployment {
  /** The name of its folder, image and service: a DNS label of at most 40 characters. */
  readonly name: string
  /** What it does, in one sentence. */
  readonly summary: string
  /** More than a sentence, in CommonMark. */
  readonly description?: string
  /** The event that it is called with: one that is emitted, or the changes of a table (`change()`). */
  readonly on: EventContract
  /** How often a delivery is tried. */
  readonly retry?: Retry
  /**
   * How many events it is called with, over all of its instances and all relays, for the sake of whatever is behind it: the others
   * wait, and no attempt of theirs is used up. An attempt that is repeated counts again. `burst` may come at once (default: `requests`).
   */
  readonly rate?: { readonly requests: number; readonly perSeconds: number; readonly burst?: number }
  /**
   * Has the handler called with several events at once, as `events`, in one transaction. What it returns as `failed` is tried again,
   * alone in the end, and what is not named there is done.
   */
  readonly batch?: Batch
  /**
   * The event must have a tenant, that of the caller whose request emitted it, which every statement of the handler belongs
   * to: in a tenant's table it sees and writes the rows of that tenant alone. Other events go to the dead letters.
   */
  readonly tenancy?: true
  /** The events that the handler may emit, by type. */
  readonly emits?: Emits
  /** The endpoints of this project that the handler may call, by their names: it calls them by `services()` of ebb/data. */
  readonly calls?: readonly string[]
  /** Each way in which the handler may refuse: a 4xx is final, while 408, 425, 429 and 5xx are retried. */
  readonly failures?: Readonly<Record<string, number>>
}

/**
 * How often an event is delivered, and how long the relay waits in between: at random from `minDelayMs` to a limit that
 * doubles with each attempt, from `2 * minDelayMs` up to `maxDelayMs`. A Retry-After of the subscriber replaces
 * `minDelayMs` where it asks for more.
 * @example const retry: Retry = { attempts: 8, minDelayMs: 500, maxDelayMs: 60_000 }
 */
export interface Retry {
  /** Deliveries in all before the event goes to the dead letters, 1 to 100 (default: 10). */
  readonly attempts?: number
  /** The shortest delay, in milliseconds (default: 1 s). The first one is up to twice as long. */
  readonly minDelayMs?: number
  /** The longest delay without a Retry-After, in milliseconds (default: 5 min, or `minDelayMs` if longer). */
  readonly maxDelayMs?: number
}

/**
 * How many events a subscriber is called with at once, and how long the first of them waits for company. All are of one tenant, and of a
 * partition there is one. Those that have failed before go in a tenth of the company each time, and for their last attempt alone:
 * none dies of another one's fault.
 * @example const batch: Batch = { size: 100, withinMs: 500 }
 */
export interface Batch {
  /** Events at most, 2 to 1,000; together 8 MiB of data at most. */
  readonly size: number
  /** How long an event that is due waits for others, in milliseconds (default: 0, at most a minute). */
  readonly withinMs?: number
}

/**
 * A subscriber's contract as `subscriber()` returns it: frozen, and known to be consistent.
 * @example const subscribed = (contracts: readonly SubscriberContract[]) => contracts.map(({ on }) => on.type)
 */
export type SubscriberContract<C extends SubscriberShape = SubscriberShape> = C & { readonly kind: 'subscriber' }
