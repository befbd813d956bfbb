import type { Dispatcher } from 'undici'
import type { ContractSet, GraphqlLimits, ProxiedAddress } from '../../contract/index.ts'
import type { Claim, ClaimResult, Correlation, StoredResponse } from '../../kernel/index.ts'
import type { InvocationState, InvocationSummary, NewInvocation, SignIdentity, Variant } from '../../protocol/index.ts'
import type { PrepareOperation } from '../graphql/prepared-operation.ts'
import type { LeveledLog } from '../throttle-log.ts'
import type { Plans, RateLimitDecision, RateLimiter } from './admission.ts'
import type { CdnTagHeader } from './cache/cdn-headers.ts'
import type { CacheStore } from './cache/store.ts'
import type { CallbackRules } from './callback-address.ts'
import type { CountUsage } from './contract-usage.ts'
import type { AskAuthorizer, Authenticators, Caller, JudgedRequest } from './credentials.ts'
import type { OwnKeys } from './own-keys.ts'
import type { OwnWebhooks } from './own-webhooks.ts'
import type { Subscriptions } from './subscriptions.ts'
import type { CircuitBreakers } from './upstream/circuit-breakers.ts'
import type { FunctionPools } from './upstream/function-pools.ts'
import type { Tunnels } from './upstream/tunnels.ts'
import type { Canaries } from './variants.ts'

/** Everything that the gateway needs from outside. */
export interface GatewayDependencies {
  readonly contracts: () => ContractSet
  readonly authenticate: Authenticators
  /** The issuers of those access tokens, for callers to find out; default: none. */
  readonly issuers?: readonly string[]
  /** Default: calls its function. */
  readonly askAuthorizer?: AskAuthorizer | undefined
  readonly findStoredResponse: (claim: Claim) => Promise<ClaimResult>
  readonly invocations: Invocations
  /** Undefined where no address is told of the end of a call. */
  readonly callbacks?: CallbackRules | undefined
  /** Undefined where no webhooks are taken. */
  readonly receivedWebhooks?: ReceivedWebhooks | undefined
  /** Undefined where nobody can have keys of one's own. */
  readonly ownKeys?: OwnKeys | undefined
  /** Undefined where nobody can have webhooks. */
  readonly webhooks?: OwnWebhooks | undefined
  /** Undefined where nothing is cached. */
  readonly cache?: ResponseCache | undefined
  readonly limiter: RateLimiter
  /** The roughest limit, before anybody is authenticated: of an IPv4 address or a /64 network. Default: none. */
  readonly limitAddress?: ((network: string, options?: { readonly peek: boolean }) => RateLimitDecision) | undefined
  /** How much this process has to do; default: never too much. */
  readonly load?: Load | undefined
  /** Default: nobody has a plan. */
  readonly plans?: Plans | undefined
  /** The canaries that run; default: none. */
  readonly canaries?: Canaries | undefined
  /** Counts who calls which endpoint, with which fields; default: nobody does. */
  readonly usage?: CountUsage | undefined
  /** Prepares the operations of a GraphQL endpoint; default: there is none. */
  readonly graphql?: ((limits: GraphqlLimits) => Promise<PrepareOperation>) | undefined
  /** Undefined where nobody can follow events. */
  readonly subscriptions?: Subscriptions | undefined
  /** The file of the API reference at a path from `/docs` on; undefined where there is none. */
  readonly docs: (path: string) => Promise<DocsFile | undefined>
  /** The host names of this server, besides its addresses and localhost; default: any. */
  readonly hosts?: readonly string[] | undefined
  /** The origins whose pages may call: `http://host:*` for any port of a host, `*` for any origin; none where empty. */
  readonly corsOrigins: readonly string[]
  /** Serves nothing by plain HTTP where it is there. */
  readonly requireHttps?: HttpsOptions | undefined
  /** Adds security headers to each response where it is there. */
  readonly securityHeaders?: SecurityHeadersOptions | undefined
  /** Signs the value of `Ebb-Identity` for one function. */
  readonly sign: SignIdentity
  /** Returns false while this process should get no new requests. */
  readonly ready: () => Promise<boolean>
  readonly upstream: Upstream
  /** Aborts when this process begins to end, and with it streams of events; default: never. */
  readonly draining?: AbortSignal | undefined
  readonly metrics: GatewayMetrics
  /** Keeps each request that is over; default: they are logged alone. */
  readonly keep?: ((request: EndedRequest) => void) | undefined
  readonly log: LeveledLog
}

export interface ResponseCache {
  readonly store: CacheStore
  /** Callers with this scope may ask for a new response by Cache-Control; default: nobody may. */
  readonly reloadScope?: string | undefined
  /** What a CDN in front reads tags from, with responses that are the same for everybody; default: there is none. */
  readonly cdnTagHeader?: CdnTagHeader | undefined
  /** The longest response that is kept; default: 4 MiB. */
  readonly maxResponseBytes?: number
  /** Default: Date.now. */
  readonly now?: () => number
}

export interface Load {
  /** A request has come: where there are few, it is not they that make anything late. */
  readonly requestCame: () => void
  /** By how much everything that this process does is late at the moment. */
  readonly lagMs: () => number
}

export interface HttpsOptions {
  /** The port that redirects lead to. */
  readonly port: () => number
}

export interface SecurityHeadersOptions {
  /** For how long browsers use only https for this host, where a request came by it; 0: no such header. */
  readonly hstsSeconds: number
}

export interface DocsFile {
  /** The media type. */
  readonly type: string
  readonly body: Uint8Array | string
  /** Whether the file at this path never changes. */
  readonly immutable: boolean
  /** The one other origin that a page may send requests to; default: none. */
  readonly connectsTo?: string
  /** The origins whose pages may show it in a frame; default: none. */
  readonly framedBy?: readonly string[]
}

/** Asynchronous calls, stored until the relay makes them. All reject with a Problem while the store is unreachable. */
export interface Invocations {
  /** How long what became of a call is kept after its end. */
  readonly keepSeconds: number
  /** Stores a call and, under its caller's key, the response to it: `new`, or the key's earlier claim. */
  readonly accept: (
    invocation: NewInvocation,
    options: { readonly claim: Claim | undefined; readonly response: StoredResponse; readonly signal: AbortSignal },
  ) => Promise<ClaimResult>
  /** The state of a call; undefined for any other than its caller. */
  readonly find: (id: string, caller: Caller) => Promise<InvocationState | undefined>
  /** Watches a call from now on. */
  readonly watch: (id: string) => InvocationWatcher
  /** The newest first. */
  readonly list: (
    caller: Caller,
    page: {
      readonly state: InvocationSummary['state'] | undefined
      readonly before: { readonly id: string; readonly madeAt: Date | undefined } | undefined
      readonly limit: number
    },
  ) => Promise<readonly InvocationSummary[]>
  /** Cancels a call that has not begun; does nothing to any other. */
  readonly cancel: (id: string, options: { readonly caller: Caller; readonly correlationId: string }) => Promise<void>
}

/** Webhooks of providers, stored until the relay calls their functions. */
export interface ReceivedWebhooks {
  /** The values of these secrets; none of one that is not set. */
  readonly secretsOf: (names: readonly string[]) => readonly string[]
  /** Stores one, unless it was taken before. Rejects with a Problem while the store is unreachable. */
  readonly accept: (webhook: NewWebhook, signal: AbortSignal) => Promise<'stored' | 'known' | 'replayed'>
}

/** A webhook whose signature was right. */
export interface NewWebhook extends Correlation {
  /** The function that gets it. */
  readonly receiver: string
  /** The provider's id of it. */
  readonly id: string
  /** A hash of what was signed, where the id is no part of that. */
  readonly digest: Uint8Array | undefined
  /** The type of its event. */
  readonly type: string
  readonly data: unknown
}

/** What became of a webhook. */
export type WebhookOutcome =
  | 'stored'
  | 'unparsed'
  | 'duplicate'
  | 'ignored'
  | 'forged'
  | 'expired'
  | 'replayed'
  | 'unconfigured'

export interface InvocationWatcher {
  /** Resolves when the call may not be as it was in this version any more, or the signal aborts. */
  readonly changed: (version: string, signal: AbortSignal) => Promise<void>
  readonly close: () => void
}

/** How functions, and the services behind proxies, are reached. */
export interface Upstream {
  /** The addresses of services, by proxy, in place of those of the contracts; default: none. */
  readonly services?: Readonly<Record<string, ProxiedAddress>>
  readonly dispatcher: Dispatcher
  /** The kept connections to each function; default: those of `dispatcher`. */
  readonly pools?: FunctionPools
  /** Where WebSockets are kept; default: new ones. */
  readonly tunnels?: Tunnels
  /** Default: new ones. */
  readonly breakers?: CircuitBreakers
  /** A call to a function broke: it was made again, or the budget of retries was spent. */
  readonly onRetry?: ((functionName: string, outcome: 'retried' | 'refused') => void) | undefined
  /** Opens a new connection for each request, for retries after a kept one broke; default: `dispatcher`. */
  readonly retryDispatcher?: Dispatcher
  /** The address of a function: an origin, and a path prefix or ''. */
  readonly locate: (functionName: string) => { readonly origin: string; readonly prefix: string }
  /** How long a cold start may take, in addition to a function's own timeout. */
  readonly startTimeoutMs: number
}

export interface GatewayMetrics {
  /** A request was answered without invoking its function. */
  readonly shortCircuited: (reason: string) => void
  /** Something was refused or dropped because a limit was exceeded. */
  readonly shed: (reason: ShedReason) => void
  /** A limit refused a request: the route's (`burst`), one of the caller's plan, or that of addresses. */
  readonly refused: (policy: string) => void
  readonly completed: (request: CompletedRequest) => void
  readonly judged: (request: JudgedRequest) => void
  /** A function is called; returns what is to be called when that has ended. */
  readonly calling?: ((functionName: string) => (call: FunctionCall) => void) | undefined
  /** Whether one more reply of a function is to be compared with its contract; default: none is, but for those of a canary. */
  readonly mayCheckReply?: ((functionName: string) => boolean) | undefined
  /** A reply was compared with its contract. */
  readonly replyChecked?: (reply: CheckedReply) => void
  /** What the cache did with a request to a route that has one. */
  readonly cached?: (request: CachedRequest) => void
  /** A provider has sent a webhook. */
  readonly received?: (webhook: ReceivedWebhook) => void
}

export interface CheckedReply {
  /** Of the function. */
  readonly name: string
  readonly revision: string
  /** Whether its body fits the contract. */
  readonly fits: boolean
}

export interface ReceivedWebhook {
  readonly receiver: string
  readonly provider: string
  readonly outcome: WebhookOutcome
}

export interface CachedRequest {
  readonly route: string
  /** `coalesced` waited for the call of another request; `bypass` is for the upstream alone. */
  readonly outcome: 'hit' | 'stale' | 'revalidated' | 'miss' | 'coalesced' | 'bypass'
}

/** The limits whose excess is counted. */
export type ShedReason =
  | 'bodies'
  | 'connections'
  | 'keys'
  | 'webhooks'
  | 'tokens'
  | 'plans'
  | 'usage'
  | 'replays'
  | 'invocations'
  | 'received'
  | 'function'
  | 'log_lines'
  | 'subscriptions'
  | 'event_loop'

/** A request at its end, as its log line tells it. */
export interface EndedRequest {
  /** The function, or the proxy, that the request was for; undefined where it was for none, or for the platform itself. */
  readonly function: string | undefined
  /** The path of its route. */
  readonly route: string | undefined
  readonly method: string
  /** Without its query. */
  readonly path: string
  /** 499 where the caller has hung up. */
  readonly status: number
  readonly durationMs: number
  readonly correlationId: string
  readonly traceId: string | undefined
  /** The subject of who called. */
  readonly caller: string
  readonly tenant: string | undefined
  /** The client's address. */
  readonly client: string | undefined
  /** Whether its function was called. */
  readonly invoked: boolean
  readonly cold: boolean | undefined
  /** Of the function that responded. */
  readonly revision: string | undefined
  /** Which revision it was for, while a canary ran. */
  readonly variant?: Variant | undefined
  /** Why no function was called. */
  readonly reason: string | undefined
  readonly deprecated: true | undefined
  /** Whether it came as a tool call. */
  readonly tool: true | undefined
  /** Of the response's body. */
  readonly bytes: number
}

export interface CompletedRequest {
  /** The path of its route; `none` where there was none. */
  readonly route: string
  /** Any that Node's parser takes. */
  readonly method: string
  /** Any, where a function or a service sent it. */
  readonly status: number
  readonly seconds: number
  /** The function that was invoked; undefined where the gateway answered itself. */
  readonly invoked: string | undefined
  /** Whether a relay invokes it later, since the caller does not wait. */
  readonly deferred?: boolean | undefined
  /** Whether the function had to start first, and its revision; undefined where none responded. */
  readonly cold: boolean | undefined
  readonly revision: string | undefined
  /** From the end of the request to the begin of the function's response; undefined where none responded. */
  readonly waitSeconds?: number | undefined
  /** The function or the proxy of its route; undefined where there is none, and where the platform itself answers. */
  readonly name?: string | undefined
  readonly plan?: string | undefined
  readonly tenant?: string | undefined
  /** Of the response's body. */
  readonly bytes?: number
  /** Stands for what was asked for and by whom, where the response could be kept: 31 bits. */
  readonly resource?: number | undefined
}

/** A call of a function that has ended. */
export interface FunctionCall {
  /** From its begin to the begin of its response; undefined where none came. */
  readonly waitMs: number | undefined
  /** Whether the function had to start first. */
  readonly cold: boolean
}

/** Time and memory that callers may use. */
export interface GatewayLimits {
  /** For the whole body; default: 30 s. */
  readonly bodyTimeoutMs: number
  /** The lowest average rate of a body, after a grace period; default: 240 bytes a second after 5 s. */
  readonly minBodyRate: { readonly bytesPerSecond: number; readonly graceMs: number }
  /** Of all bodies whose requests are not answered yet; default: 64 MiB. */
  readonly maxBufferedBytes: number
  /** Concurrent connections; those beyond are refused. Default: 4,000. */
  readonly maxConnections: number
  /** For reading a response that came before the end of the request, until the connection closes; default: 1 s. */
  readonly lingerMs: number
  /** How long a caller may read nothing of a response; default: 60 s. */
  readonly stallTimeoutMs: number
}
