import type { Bounds, Rules } from './rules.ts'

export const RELAYS = ['A', 'B'] as const
export type Relay = (typeof RELAYS)[number]

export interface Model {
  readonly rules: Rules
  readonly bounds: Bounds
}

/**
 * One moment of all that outlives a step: the rows of the tables, what each relay has in memory, the requests that functions
 * work on. Immutable; a step shares what it does not change.
 */
export interface State {
  /** In the order in which they were written. */
  readonly events: readonly Event[]
  /** One for each event and subscriber, those of the first event first. */
  readonly deliveries: readonly Delivery[]
  /** The highest number that was fanned out: only where `fanOut` goes by it. */
  readonly mark: number
  readonly redrives: number
  /** How many there were; 0 where that is not limited. */
  readonly faults: number
}

/** A row of `ebb.outbox`, the transaction that writes it, and its row of `ebb.firing` where it comes from a schedule. */
export interface Event {
  /** `unwritten` and `lost` are acknowledged and not in the outbox: their process is yet to write them, or was killed before. */
  readonly emitted: 'no' | 'open' | 'committed' | 'rolled back' | 'unwritten' | 'lost'
  /** The relay whose statement is fanning it out and holds the lock of its row; or whether that is done. */
  readonly fanOut: 'no' | Relay | 'done'
  /** Whether its row is gone with the partition of its day. */
  readonly dropped: boolean
  /** How often this time of the schedule was fired, and which relays have found that it has come. */
  readonly firings: number
  readonly foundBy: readonly Relay[]
}

/** An event on its way to one subscriber, or an invocation to its function. */
export interface Delivery {
  /** Its row: `none` before the fan-out, and when it is done, since `ebb.attempt` says so then; `given up` was dead and is deleted. */
  readonly row: 'none' | 'waiting' | 'leased' | 'dead' | 'given up' | 'cancelled'
  /** Whether it is due at infinity, since others of its key come first. */
  readonly held: boolean
  readonly attempts: number
  readonly forgiven: number
  readonly uncounted: number
  /** How often it was leased: the last lease's token, which no other lease of it has. */
  readonly leases: number
  /** The redrive that it belongs to, and its place there: the others are held, dead, until the first one is done. */
  readonly redrive: number
  readonly rank: number
  /** How many rows of `ebb.attempt` say that it is done. */
  readonly done: number
  readonly inInbox: boolean
  /** How often the function's writes for it were committed. */
  readonly effects: number
  /** The attempts that a relay or a function still remembers. */
  readonly tries: readonly Attempt[]
  /** Whether somebody has read its row and is about to write it: only where one statement became two. */
  readonly found: boolean
}

export interface Attempt {
  /** Its lease token. */
  readonly lease: number
  /** Undefined where it was killed, or has settled and the request goes on. */
  readonly relay: Relay | undefined
  /** What the relay knows; `unheard` where there is none. */
  readonly outcome: 'unheard' | 'unsent' | 'sent' | 'done' | 'failed' | 'refused' | 'signature refused'
  /** Where the request is: before the function's transaction, in it, or nowhere. */
  readonly request: 'none' | 'arrived' | 'open'
}

const NEW_EVENT: Event = { emitted: 'no', fanOut: 'no', dropped: false, firings: 0, foundBy: [] }

const NEW_DELIVERY: Delivery = {
  row: 'none',
  held: false,
  attempts: 0,
  forgiven: 0,
  uncounted: 0,
  leases: 0,
  redrive: 0,
  rank: 0,
  done: 0,
  inInbox: false,
  effects: 0,
  tries: [],
  found: false,
}

export const createInitialState = ({ events, subscribers }: Bounds): State => ({
  events: Array.from({ length: events }, () => NEW_EVENT),
  deliveries: Array.from({ length: events * subscribers }, () => NEW_DELIVERY),
  mark: 0,
  redrives: 0,
  faults: 0,
})

export const withEvent = (state: State, index: number, change: Partial<Event>): State => ({
  ...state,
  events: state.events.with(index, { ...state.events[index]!, ...change }),
})

export const withDelivery = (state: State, index: number, change: Partial<Delivery>): State => ({
  ...state,
  deliveries: state.deliveries.with(index, { ...state.deliveries[index]!, ...change }),
})

/** Changes what is remembered of an attempt, and forgets one that neither a relay nor a function knows any more. */
export function withAttempt(delivery: Delivery, attempt: Attempt, change: Partial<Attempt>): Delivery {
  const known: Attempt = { ...attempt, ...change }
  const changed: Attempt = known.relay ? known : { ...known, outcome: 'unheard' }
  const isOver = !changed.relay && changed.request === 'none'
  const tries = isOver
    ? delivery.tries.filter((other) => other !== attempt)
    : delivery.tries.map((other) => (other === attempt ? changed : other))
  return { ...delivery, tries }
}

export const eventOf = (index: number, { bounds }: Model): number => Math.floor(index / bounds.subscribers)

export const nameOf = (index: number, model: Model): string => {
  const { subscribers } = model.bounds
  const event = `event ${eventOf(index, model) + 1}`
  return subscribers === 1 ? event : `${event} for subscriber ${(index % subscribers) + 1}`
}

/** Every attempt that a relay or a function still remembers. */
export function forEachAttempt(
  { deliveries }: State,
  visit: (attempt: Attempt, delivery: Delivery, index: number) => void,
): void {
  for (const [index, delivery] of deliveries.entries()) {
    for (const attempt of delivery.tries) visit(attempt, delivery, index)
  }
}
