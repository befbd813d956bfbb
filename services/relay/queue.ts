import type { Subscription } from '../../src/contract/index.ts'
import type { Settlement } from '../../src/data/queue/deliveries.ts'
import type { CallOutcome } from './call-function.ts'

/** A function that the relay calls. */
export type Target = Pick<Subscription, 'name' | 'retry' | 'timeoutMs' | 'scale'>

/** One attempt of a call, as its log line describes it. */
export interface Attempt {
  /** Of an event, or of an invocation. */
  readonly id: string
  readonly type: string
  readonly function: string
  /** 1 for the first. */
  readonly attempt: number
  readonly correlationId: string
  readonly traceparent: string
}

/** One attempt of a call that this relay has leased, and how it ends. */
export interface LeasedAttempt extends Attempt {
  classify(outcome: CallOutcome): Settlement
  /** Returns how the call ends if it is orphaned: no relay knows its function any more. */
  abandon(): Settlement
  /** Ends the lease. Resolves to false where another relay has leased the call meanwhile. */
  settle(settlement: Settlement): Promise<boolean>
  /** For how long an event was due when it was leased for the first time. */
  readonly waitedSeconds?: number
}

/** One call that is due, leased by this relay. */
export interface LeasedCall extends LeasedAttempt {
  /** Makes the call. Resolves to whatever comes of it, and never rejects. */
  send(signal: AbortSignal): Promise<CallOutcome>
  /** What else the same request is an attempt of: the other events of a batch. */
  readonly others?: readonly LeasedAttempt[]
  /** Whether other calls may become due when this one ends. */
  readonly unblocksOthers: boolean
  /** Whether it goes to one of many receivers that share a name: that it fails says nothing of the others. */
  readonly isOneOfMany?: boolean
}

/** An attempt whose relay died, taken back from it. */
export type ReclaimedCall = Attempt & Pick<Settlement, 'durationMs'> & { readonly state: 'waiting' | 'dead' }

export interface TakenCalls {
  readonly count: number
  readonly leased: readonly LeasedCall[]
  readonly waiting: ReadonlyMap<string, number>
}

/** Calls of one kind that are due: deliveries of events, invocations, callbacks, or messages to webhooks. Each is a table. */
export interface Queue {
  /** As a NOTIFY says what it tells of. */
  readonly kind: 'events' | 'invocations' | 'callbacks' | 'webhooks'
  /** The functions that take calls of this kind, as the contracts are now. */
  targets(): readonly Target[]
  /**
   * Takes what is new: makes of events deliveries, and leases at once what the functions can take. Resolves to how many new
   * ones there were, to what it has leased, and to the milliseconds until a call is due for the functions that others wait
   * for. Without it, new calls are found among those that are due.
   */
  takeNew?(
    leaseable: readonly { readonly target: Target; readonly limit: number; readonly leaseMs: number }[],
  ): Promise<TakenCalls>
  /** Makes calls whose lease has expired due again, or gives them up where their attempts are used up. */
  reclaimExpiredLeases(
    known: readonly { readonly target: Target; readonly leaseMs: number }[],
  ): Promise<readonly ReclaimedCall[]>
  /** Records which functions exist. Resolves to those for which calls wait and that no relay has known for `afterMs`. */
  findOrphaned(afterMs: number): Promise<readonly string[]>
  /** Resolves to the milliseconds until a call is due, for each of these functions that calls wait for. */
  findDueTimes(names: readonly string[]): Promise<ReadonlyMap<string, number>>
  lease(target: Target, options: { readonly limit: number; readonly leaseMs: number }): Promise<readonly LeasedCall[]>
}
