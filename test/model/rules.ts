/**
 * What the protocol rests on. All of it holds in the code. A negative model gives one of them up, and the explorer must then
 * find an event that is lost, doubled or out of order.
 */
export interface Rules {
  /** `appendEvents` runs in the transaction of the handler's other writes. */
  readonly outboxInTransaction: boolean
  /** `appendEvents` locks the key of an event until its transaction ends. */
  readonly appendLocksKey: boolean
  /** `fanOut` takes what is not marked as fanned out, whatever its number. */
  readonly fanOutByRows: boolean
  /** Events that have a key are fanned out by one relay at a time. */
  readonly fanOutIsAlone: boolean
  /** Their deliveries are held until `releaseFirst` makes the first of a key due that is neither done nor dead. */
  readonly fanOutHolds: boolean
  /** `releaseFirst` holds the others while that one is leased. */
  readonly releaseWaitsForLeased: boolean
  /** It also looks at all keys now and then: a relay may have been killed between an end and the release of the next. */
  readonly releaseLooksAtAll: boolean
  /** `leaseDeliveries` counts the attempt, before it is made. */
  readonly leaseCountsAttempt: boolean
  /** `settleDeliveries` runs when the function has answered. */
  readonly postBeforeDone: boolean
  /** `settleDeliveries` changes only the row that has its lease token. */
  readonly settleNeedsToken: boolean
  /** `recordInInbox` runs in the transaction of the function's other writes. */
  readonly inbox: boolean
  /** `dropHistory` leaves a day of the outbox alone in which an event is not fanned out. */
  readonly dropKeepsFresh: boolean
  /** Of a day of the outbox, it keeps the events that have a delivery. */
  readonly dropKeepsWaiting: boolean
  /** Of a day of the inbox, it keeps what has a delivery: an operator may redrive it. */
  readonly dropKeepsInbox: boolean
  /** It locks a day before it looks what to keep of it, so that nothing is added in between. */
  readonly dropLocksDay: boolean
  /** `forgetDeadLetters` deletes what is dead when it deletes it, not when it has found it. */
  readonly forgetOnlyDead: boolean
  /** `decideFirings` writes a row that is unique by schedule and time. */
  readonly firingIsUnique: boolean
  /** And the event in the same transaction. */
  readonly firingInTransaction: boolean
  /** `cancelInvocation` looks and writes in one statement. */
  readonly cancelIsOneStatement: boolean
}

export const RULES: Rules = {
  outboxInTransaction: true,
  appendLocksKey: true,
  fanOutByRows: true,
  fanOutIsAlone: true,
  fanOutHolds: true,
  releaseWaitsForLeased: true,
  releaseLooksAtAll: true,
  leaseCountsAttempt: true,
  postBeforeDone: true,
  settleNeedsToken: true,
  inbox: true,
  dropKeepsFresh: true,
  dropKeepsWaiting: true,
  dropKeepsInbox: true,
  dropLocksDay: true,
  forgetOnlyDead: true,
  firingIsUnique: true,
  firingInTransaction: true,
  cancelIsOneStatement: true,
}

/** How much of everything there is, beside the two relays. */
export interface Bounds {
  /** Or times of a schedule, or invocations. */
  readonly events: number
  readonly subscribers: number
  /** Attempts that a subscriber's contract grants. */
  readonly granted: number
  /** How often an operator redrives what is dead. */
  readonly redrives: number
  /** How many attempts of each delivery may end in a refusal of the platform's signature, which does not count. */
  readonly refusedSignatures: number
  /** Whether all events have one partition key; else they have none. */
  readonly oneKey: boolean
  /** How many faults there may be in one run: Infinity leaves it to them. The end of a lease is none: it may come at any time. */
  readonly faults: number
}

export const ONE_EVENT: Bounds = {
  events: 1,
  subscribers: 1,
  granted: 1,
  redrives: 0,
  refusedSignatures: 0,
  oneKey: false,
  faults: Number.POSITIVE_INFINITY,
}
