import type { Correlation } from '../kernel/correlation.ts'
import type { StoredResponse } from '../kernel/unit-of-work.ts'
import type { Identity } from './identity/identity.ts'

/** A request that its caller does not wait for, as it came. */
export interface NewInvocation extends Correlation {
  /** A UUID; also the Idempotency-Key with which the function is called, however often. */
  readonly id: string
  readonly caller: Omit<Identity, 'iss'>
  readonly function: string
  readonly method: string
  /** Path and query as sent. */
  readonly target: string
  /** Those that the function looks at, by lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** Where such a request stands. */
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
  /** The function's last answer, where there was one. */
  readonly response: InvocationResponse | undefined
}

/** An answer whose body may have been too large to keep. */
export type InvocationResponse = Omit<StoredResponse, 'body'> & { readonly body: Uint8Array | undefined }
