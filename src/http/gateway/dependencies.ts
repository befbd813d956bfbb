import type { Dispatcher } from 'undici'
import type { ContractSet, Limit } from '../../contract/index.ts'
import type { Claim, ClaimResult, StoredResponse } from '../../kernel/index.ts'
import type { Identity, InvocationState, NewInvocation, SignIdentity } from '../../protocol/index.ts'

/** Who calls, as far as the gateway knows. */
export type Caller = Omit<Identity, 'iss'>

/** All that the gateway asks of the world. */
export interface GatewayDependencies {
  readonly contracts: () => ContractSet
  /** Whose key it is; undefined where it is good for nothing. Rejects with a Problem while nobody can tell. */
  readonly findKey: (token: string) => Promise<Caller | undefined>
  readonly findStoredResponse: (claim: Claim) => Promise<ClaimResult>
  readonly invocations: Invocations
  readonly limiter: RateLimiter
  /** The file of the API reference at a path from `/docs` on; undefined where there is none. */
  readonly docs: (path: string) => Promise<DocsFile | undefined>
  /** The names by which it is called, beside its addresses and localhost; any where undefined. */
  readonly hosts?: readonly string[] | undefined
  /** Whose pages may call: origins, `http://host:*` for any port of a host, `*` for everybody; nobody's where empty. */
  readonly corsOrigins: readonly string[]
  /** The value of `Ebb-Identity` for one function. */
  readonly sign: SignIdentity
  /** False while this process should get no new requests. */
  readonly ready: () => Promise<boolean>
  readonly upstream: Upstream
  readonly metrics: GatewayMetrics
  readonly log: GatewayLog
}

/** One line: what is known of it, and a sentence. */
export type GatewayLog = Readonly<Record<'debug' | 'info' | 'warn' | 'error', (fields: object, text: string) => void>>

export interface DocsFile {
  /** The media type. */
  readonly type: string
  readonly body: Uint8Array | string
  /** Whether what is at this path will be the same for ever. */
  readonly immutable: boolean
}

/** Asynchronous calls, kept until they are made. Each rejects with a Problem while they cannot be reached. */
export interface Invocations {
  /** Keeps a call and, under its caller's own key, the answer to it: `new`, or what that key is known for. */
  readonly accept: (
    invocation: NewInvocation,
    options: { readonly claim: Claim | undefined; readonly response: StoredResponse; readonly signal: AbortSignal },
  ) => Promise<ClaimResult>
  /** Where a call stands; undefined for everybody but its caller. */
  readonly find: (id: string, caller: Caller) => Promise<InvocationState | undefined>
}

/** Takes one request from what `key` may send. Never rejects, and never waits for long: it decides with what it knows. */
export type RateLimiter = (key: string, limit: Limit) => RateLimitDecision | Promise<RateLimitDecision>

export interface RateLimitDecision {
  readonly allowed: boolean
  /** How many more may come at once. */
  readonly remaining: number
  /** Where allowed, until as many may come as ever; else until the next one may. */
  readonly waitSeconds: number
}

/** Where the functions are. */
export interface Upstream {
  readonly dispatcher: Dispatcher
  /** Makes a new connection for each request, in case a kept one breaks; `dispatcher` unless told. */
  readonly retryDispatcher?: Dispatcher
  /** The address of a function: an origin, and a path before its own paths or ''. */
  readonly locate: (functionName: string) => { readonly origin: string; readonly prefix: string }
  /** What a cold start may take on top of a function's own time. */
  readonly startTimeoutMs: number
}

export interface GatewayMetrics {
  /** A request was answered without waking its function. */
  readonly shortCircuited: (reason: string) => void
  /** Something was refused or left out, since there is too much of it. */
  readonly shed: (what: ShedReason) => void
  readonly completed: (request: CompletedRequest) => void
}

/** What has a bound: each overflow is counted. */
export type ShedReason = 'bodies' | 'connections' | 'keys' | 'replays' | 'invocations' | 'function' | 'log_lines'

export interface CompletedRequest {
  readonly route: string
  readonly method: string
  readonly status: number
  readonly seconds: number
  /** The function that was called; undefined where the gateway answered by itself. */
  readonly invoked: string | undefined
  /** Whether that had to start first, and what it runs, where it said so. */
  readonly cold: boolean | undefined
  readonly revision: string | undefined
}

/** How long a caller may take, and how much all of them together. */
export interface GatewayLimits {
  /** For the whole body; default: 30 s. */
  readonly bodyTimeoutMs: number
  /** The slowest that a body may come on average, after some time of grace; default: 240 bytes a second after 5 s. */
  readonly minBodyRate: { readonly bytesPerSecond: number; readonly graceMs: number }
  /** Of all bodies that have come and are not answered; default: 64 MiB. */
  readonly maxBufferedBytes: number
  /** Connections at a time; those beyond it are refused. Default: 4,000. */
  readonly maxConnections: number
  /** To take in an answer that came before the end of the request, until the connection closes; 1 s unless told. */
  readonly lingerMs: number
  /** Without taking in any of an answer; 60 s unless told. */
  readonly stallTimeoutMs: number
}
