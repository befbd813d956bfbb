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
}

/** The state of such a request, as its caller may ask for it. */
export interface InvocationState {
  readonly id: string
  readonly function: string
  readonly state: 'waiting' | 'leased' | 'done' | 'dead'
  readonly attempts: number
  /** Times are RFC 3339. */
  readonly createdAt: string
  readonly settledAt: string | null
  /** When it is due, where it waits. */
  readonly availableAt: string
  /** Until then, on the database's clock. */
  readonly dueInMs: number
  readonly correlationId: string
  /** The function's last response, where there was one. */
  readonly response: InvocationResponse | undefined
}

/** A stored response whose body may have been too large to store. */
export type InvocationResponse = Omit<StoredResponse, 'body'> & { readonly body: Uint8Array | undefined }
