import type { StoredResponse } from '../kernel/index.ts'
import type { Identity } from './identity/identity.ts'

/** A request that its caller does not wait for, as it came. */
export interface NewInvocation {
  /** A UUID; also the Idempotency-Key of each call of the function. */
  readonly id: string
  readonly caller: Omit<Identity, 'iss'>
  readonly function: string
  readonly method: string
  /** Path and query as sent. */
  readonly target: string
  /** Those that the function reads, by lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly correlationId: string
  /** W3C Trace Context. */
  readonly traceparent: string
  /** The address that its end is told to; none where undefined. */
  readonly callbackUrl?: string | undefined
}

/** The states of the store; `cancelled` is one that its caller cancelled before it began. */
export type InvocationStateName = 'waiting' | 'leased' | 'done' | 'dead' | 'cancelled'

/** The state of such a request, without what came of it. */
export interface InvocationSummary {
  readonly id: string
  readonly function: string
  readonly state: InvocationStateName
  readonly attempts: number
  /** Times are RFC 3339. */
  readonly createdAt: string
  readonly settledAt: string | null
}

/** The state of such a request, as its caller may ask for it. */
export interface InvocationState extends InvocationSummary {
  /** When it is due, where it waits. */
  readonly availableAt: string
  /** Until then, on the database's clock. */
  readonly dueInMs: number
  readonly correlationId: string
  /** The function's last response, where there was one. */
  readonly response: InvocationResponse | undefined
  /** Undefined where its caller named no address. */
  readonly callback: CallbackState | undefined
}

/** How telling the caller's address goes. */
export interface CallbackState {
  /** `waiting` also while the call itself goes on. */
  readonly state: 'waiting' | 'leased' | 'done' | 'dead'
  readonly attempts: number
  /** What the address answered last; null where it did not. */
  readonly status: number | null
}

/** A stored response whose body may have been too large to store. */
export type InvocationResponse = Omit<StoredResponse, 'body'> & { readonly body: Uint8Array | undefined }

/** Whether nothing more becomes of it. */
export const hasEnded = ({ state }: Pick<InvocationSummary, 'state'>): boolean =>
  state !== 'waiting' && state !== 'leased'
