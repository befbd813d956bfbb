/**
 * Where data and http meet without knowing each other: http says what one request must do in one transaction, a
 * transactional resource does it.
 */
export interface UnitOfWork {
  /** Takes an idempotency key for this transaction, or says why not. To be called first. */
  claim(claim: Claim): Promise<ClaimResult>
  /** Undoes everything since the claim and keeps the claim: what a declared failure needs. */
  rollbackToClaim(): Promise<void>
  /** Stores the answer under the claimed key. */
  complete(claim: Claim, answer: StoredResponse): Promise<void>
  /** Adds events to the outbox. */
  append(events: readonly OutgoingEvent[]): Promise<void>
  /** Marks an event as taken in: undefined for a new one, else what is outstanding of one that was taken in before. */
  recordInInbox(event: EventKey): Promise<readonly Effect[] | undefined>
  /** Stores with an event what is to be done after the commit. */
  storePendingEffects(event: EventKey, effects: readonly Effect[]): Promise<void>
}

/** One event as one consumer takes it in; CloudEvents are told apart by source and id. */
export interface EventKey {
  readonly consumer: string
  readonly source: string
  readonly id: string
}

/** What a resource does after the commit, since nothing takes it back. It goes through JSON. */
export interface Effect {
  /** The name that `uses` gives the resource. */
  readonly resource: string
  readonly payload: unknown
}

export interface Transaction<Lent, Opened> {
  /** Runs `work` all or nothing; or, where it only reads, so that it cannot write. */
  run<Result>(opened: Opened, options: TransactionOptions, work: TransactionWork<Lent, Result>): Promise<Result>
  /** Says that nothing of an event is outstanding any more. */
  clearPendingEffects(opened: Opened, event: EventKey): Promise<void>
}

/**
 * What one request does. It calls `end` when its handler has returned or thrown: from then on the handler's statements
 * are refused, and the answer is how many are still running. There is no unit where the request only reads.
 */
export type TransactionWork<Lent, Result> = (lent: Lent, end: () => number, unit?: UnitOfWork) => Promise<Result>

export interface TransactionOptions {
  readonly readOnly: boolean
  /** Whether `work` may run a second time, since nothing of it leaves the process before the commit. */
  readonly repeatable: boolean
  readonly signal: AbortSignal
  readonly timeoutMs: number
}

/** One caller's one key on one route; `fingerprint` is SHA-256 over method, path, query and body. */
export interface Claim {
  readonly caller: string
  readonly route: string
  readonly key: string
  readonly fingerprint: Uint8Array
}

export type ClaimResult =
  | { readonly is: 'new' }
  /** Another request holds it right now. */
  | { readonly is: 'in-flight' }
  /** It was used for another request. */
  | { readonly is: 'mismatch' }
  | { readonly is: 'finished'; readonly answer: StoredResponse }

export interface StoredResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Text where it was just made: Node sends that in one piece with the headers. */
  readonly body: Uint8Array | string
}

export interface OutgoingEvent {
  readonly id: string
  readonly type: string
  readonly source: string
  readonly subject?: string
  readonly data: unknown
  readonly traceparent: string
  readonly correlationId: string
  /** Whose request it came from: data, never authority. */
  readonly callerId: string
  /** How many events led to this one; 0 where a request did. */
  readonly hops: number
}
