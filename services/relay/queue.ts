import type { Subscription } from 'ebb/contract'
import type { Settlement } from '../../src/data/queue/deliveries.ts'
import type { CallOutcome } from './call-function.ts'

/** A function that the relay calls. */
export type Target = Pick<Subscription, 'name' | 'retry' | 'timeoutMs' | 'scale'>

/** What a log line tells of an attempt. */
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

/** One call that is due, ours until its lease ends. */
export interface LeasedCall extends Attempt {
  /** Makes the call. Answers whatever comes of it, and never rejects. */
  push(signal: AbortSignal): Promise<CallOutcome>
  judge(answer: CallOutcome): Settlement
  /** What becomes of it where its function is gone. */
  abandon(): Settlement
  /** Ends the lease; false where it was not ours any more. */
  settle(settlement: Settlement): Promise<boolean>
  /** Whether its end may make others due. */
  readonly unblocksOthers: boolean
}

/** An attempt whose relay died. */
export type ReclaimedCall = Attempt & Pick<Settlement, 'durationMs'> & { readonly state: 'waiting' | 'dead' }

/** One kind of what the relay does: where it is kept, and what becomes of it. */
export interface Queue {
  /** The functions as they are now. */
  targets(): readonly Target[]
  /** Finds new work; answers how much. */
  fanOut(): Promise<number>
  /** Makes due again, or gives up, what a relay leased that is gone. */
  reclaimExpiredLeases(
    known: readonly { readonly target: Target; readonly leaseMs: number }[],
  ): Promise<readonly ReclaimedCall[]>
  /** Says which functions there are, and finds those that are gone: that something waits for and no relay has known for `afterMs`. */
  findAbandoned(afterMs: number): Promise<readonly string[]>
  /** Milliseconds until something is due, for each of these functions that something waits for. */
  findDueTimes(names: readonly string[]): Promise<ReadonlyMap<string, number>>
  lease(target: Target, options: { readonly most: number; readonly leaseMs: number }): Promise<readonly LeasedCall[]>
}
