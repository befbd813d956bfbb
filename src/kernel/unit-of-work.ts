/**
 * What data and http agree on without importing each other: http says what one request must do in one transaction, a
 * transactional resource does it.
 */
export interface UnitOfWork {
  /** Claims an idempotency key for this transaction, or says why not. To be called first. */
  claim(claim: Claim): Promise<ClaimResult>
  /** Rolls back everything since the claim and keeps the claim: what a declared failure needs. */
  rollbackToClaim(): Promise<void>
  /** Stores the response under the claimed key. */
  complete(claim: Claim, response: StoredResponse): Promise<void>
  /** Adds events to the outbox. */
  append(events: readonly OutgoingEvent[]): Promise<void>
  /** Has every gateway forget the responses that have one of these tags, once this transaction is committed. */
  purge(tags: readonly string[]): Promise<void>
  /** Records that an event was received. Returns undefined for a new event, else the effects of it that are still pending. */
  recordInInbox(event: EventKey): Promise<readonly Effect[] | undefined>
  /** The same for several events of one consumer, in their order. */
  recordAllInInbox(events: readonly EventKey[]): Promise<readonly (readonly Effect[] | undefined)[]>
  /** Takes back what this transaction has recorded of these events, since they have failed. */
  removeFromInbox(events: readonly EventKey[]): Promise<void>
  /** Stores with an event the effects that are to be carried out after the commit. */
  storePendingEffects(event: EventKey, effects: readonly Effect[]): Promise<void>
}

/** One event for one consumer; source and id identify a CloudEvent. */
export interface EventKey {
  readonly consumer: string
  readonly source: string
  readonly id: string
  /** When the event was emitted, where its sender says so: RFC 3339. It says how long it is remembered, not which event it is. */
  readonly time?: string
}

/** What a resource does after the commit, since it cannot be rolled back. It goes through JSON. */
export interface Effect {
  /** The name that `uses` gives the resource. */
  readonly resource: string
  readonly payload: unknown
}

/** How a transactional resource runs a request in one transaction. */
export interface Transaction<Shared, Opened> {
  /** Runs `work` in a transaction; where it is read-only, so that it cannot write. */
  run<Result>(opened: Opened, options: TransactionOptions, work: TransactionWork<Shared, Result>): Promise<Result>
  /** Records that all effects of an event have been carried out. */
  clearPendingEffects(opened: Opened, event: EventKey): Promise<void>
}

/**
 * What one request does. It calls `end` when its handler has returned or thrown: from then on the handler's statements
 * are rejected; `end` returns how many are still running. A read-only request has no `unit`.
 */
export type TransactionWork<Bound, Result> = (bound: Bound, end: () => number, unit?: UnitOfWork) => Promise<Result>

/** The limits of one transaction, and what it may do. */
export interface TransactionOptions {
  readonly readOnly: boolean
  /** Whether `work` may run a second time, since it has no effect outside the transaction before the commit. */
  readonly repeatable: boolean
  /** The tenant of the caller, which a statement can read and not change: `ebb.current_tenant()`. Default: none. */
  readonly tenant?: string | undefined
  readonly signal: AbortSignal
  readonly timeoutMs: number
  /** A read may be answered by a replica, by one that has what was there at `position`. Default: it may not. */
  readonly replica?: { readonly position: string } | undefined
  /** Called after the commit of a write, with the position of the database then, where there are replicas. */
  readonly onCommit?: ((position: string) => void) | undefined
}

/** One caller's one key on one route; `fingerprint` is SHA-256 over method, path, query and body. */
export interface Claim {
  readonly caller: string
  readonly route: string
  readonly key: string
  readonly fingerprint: Uint8Array
}

/** What became of a claim: only a new one runs the handler. */
export type ClaimResult =
  | { readonly status: 'new' }
  /** Another request holds it right now. */
  | { readonly status: 'in-flight' }
  /** It was used for another request. */
  | { readonly status: 'mismatch' }
  | { readonly status: 'finished'; readonly response: StoredResponse }

/** The headers of a response, with names in lower case; one that is a list, such as Set-Cookie, goes out as a line each. */
export type StoredHeaders = Readonly<Record<string, string | readonly string[]>>

/** The first response under an idempotency key, as it is replayed. */
export interface StoredResponse {
  readonly status: number
  readonly headers: StoredHeaders
  /** Text where it was just made: Node sends that in one piece with the headers. */
  readonly body: Uint8Array | string
}

/** An event as the outbox stores it. */
export interface OutgoingEvent {
  readonly id: string
  readonly type: string
  /** Of its data; default: 1. */
  readonly version?: number
  readonly source: string
  readonly subject?: string
  readonly data: unknown
  readonly traceparent: string
  readonly correlationId: string
  /** Whose request it came from: data, never authority. */
  readonly callerId: string
  /** How many events led to this one; 0 where a request did. */
  readonly hops: number
  /** Delivered after those of its type and partition that were committed before. */
  readonly partition?: string
  /** Not delivered before then: RFC 3339. */
  readonly dueAt?: string
}
