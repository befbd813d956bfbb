import type { FunctionContract } from './any-contract.ts'
import type { ChangeSelection } from './change-shape.ts'
import type { WarmWindow } from './deployment-shape.ts'
import type { Deprecation } from './deprecation.ts'
import type { DescribedObjective } from './describe-objective.ts'
import type { DescribedCheck } from './describe-synthetic-check.ts'
import type { Method } from './endpoint-shape.ts'
import type { GraphqlLimits } from './graphql/graphql-part.ts'
import type { ProxiedService } from './proxied-service.ts'
import type { BodyStream, DescribedReplyStream } from './streams/longest-ms.ts'
import type { WebhookDoor } from './webhook-providers.ts'

/** An endpoint, a proxy, or the front door of webhooks, as plain data with its defaults resolved: what gateway, laptop and renderers read. */
export interface Route extends Described {
  readonly kind: 'endpoint' | 'proxy' | 'receive'
  /** `*` where there may be several: those of `upstream`. */
  readonly method: Method | '*'
  /** The last segment of a proxy's may be `*`. */
  readonly path: string
  /** The service that answers in place of a function. */
  readonly upstream?: ProxiedService
  /** It takes a provider's webhooks, which its function gets as events. */
  readonly webhook?: WebhookDoor
  readonly scopes: readonly string[]
  readonly owner: boolean
  /** Whether the handler asks the policy. */
  readonly policy: boolean
  readonly anonymous: boolean
  /** Whether it takes nothing but access tokens with a proof of their key (RFC 9449). */
  readonly dpop?: true
  /** The function that says who calls; undefined where keys and logins do. */
  readonly authorizer?: string
  /** Only functions that say so call it: the gateway has no route to it. */
  readonly internal?: true
  /** The caller must have a tenant. */
  readonly tenancy?: true
  readonly idempotent: boolean
  readonly async: boolean
  readonly readOnly: boolean
  /** False where its handler's reads may not go to a replica of the database. */
  readonly replica?: false
  readonly hasBody: boolean
  readonly maxBodyBytes: number
  /** The media types of the body; undefined where it is JSON. */
  readonly bodyTypes?: readonly string[]
  /** The request headers that the contract names, in lower case. */
  readonly headers: readonly string[]
  /** The request cookies that the contract names. */
  readonly cookies?: readonly string[]
  /** The response headers that the contract names, in lower case. */
  readonly replyHeaders?: readonly string[]
  /** Whether requests say which version they are about; 'optional' where a write need not. */
  readonly conditional?: true | 'optional'
  readonly limit?: Limit
  /** The statuses 502 to 504 that its handler may fail with: no sign of a fault. */
  readonly failsWith?: readonly number[]
  /** Its callers open WebSockets. */
  readonly upgrade?: { readonly maxSeconds: number; readonly idleSeconds: number; readonly maxMessageBytes: number }
  /** What is refused first while the gateway has too much to do, and what last; undefined for what is between them. */
  readonly priority?: 'low' | 'high'
  /** Since when, and until when, callers are to call it no more. */
  readonly deprecated?: Deprecation
  /** What callers may rely on, with the default of days resolved; undefined where nothing is promised. */
  readonly objective?: DescribedObjective
  /** What the relay asks for now and then; contractSet() adds it, since other contracts decide how it is undone. */
  readonly check?: DescribedCheck
  /** How the gateway keeps its replies; undefined where it does not. */
  readonly cache?: Caching
  /** Whether agents may call it, as a tool. */
  readonly tool?: true
  /** What the operations of a GraphQL endpoint may be. */
  readonly graphql?: GraphqlLimits
  /** The first example's body, for people to begin with. */
  readonly exampleBody?: unknown
  /** The body is passed on as it arrives; undefined where it is JSON, or there is none. */
  readonly bodyStream?: BodyStream
  /** The reply is sent as it is made; undefined where it is JSON, or there is none. */
  readonly replyStream?: DescribedReplyStream
}

/** A subscriber, a schedule, or a webhook's handler, as plain data with its defaults resolved: what the relay reads. */
export interface Subscription extends Described {
  readonly kind: 'subscriber' | 'schedule' | 'receive'
  readonly on: string
  readonly retry: { readonly attempts: number; readonly minDelayMs: number; readonly maxDelayMs: number }
  /** How many events it takes, of all relays together. */
  readonly rate?: Limit
  /** How many events it is called with at once, and for how long the first of them waits for others. */
  readonly batch?: { readonly size: number; readonly withinMs: number }
  /** The rows whose changes it takes; undefined where it takes what somebody emits. */
  readonly change?: ChangeSelection
  /** When the event that it takes is fired; undefined where others emit it. */
  readonly schedule?: Schedule
}

/** When a schedule fires, with the defaults resolved. */
export interface Schedule {
  readonly cron: string
  readonly timeZone: string
  readonly missed: 'skip' | 'once' | 'all'
  readonly overlap: 'skip' | 'queue'
  readonly jitterMs: number
}

/** An authorizer as plain data with its defaults resolved: what the gateway reads. */
export interface Authorizer extends Described {
  readonly kind: 'authorizer'
  readonly credentials: {
    readonly headers: readonly string[]
    readonly path: boolean
    readonly query: boolean
    readonly body: boolean
  }
  readonly ttlSeconds: number
  readonly subjectPrefix: string
}

/** What all functions are described by. */
export interface Described {
  readonly name: string
  readonly summary: string
  readonly timeoutMs: number
  readonly scale: Scale
  readonly secrets: readonly string[]
  readonly emits: readonly string[]
  /** The endpoints that its handler may call; undefined where it calls none. */
  readonly calls?: readonly Callee[]
}

/** An endpoint that another function calls, and the scopes that it asks for, which contractSet() knows. */
export interface Callee {
  readonly name: string
  readonly scopes: readonly string[]
}

/** `requests` in `perSeconds` on average, `burst` at once; each whole and at least 1. */
export interface Limit {
  readonly requests: number
  readonly perSeconds: number
  readonly burst: number
}

/** How long the gateway may answer by a reply, and for whom, with the defaults resolved. */
export interface Caching {
  readonly maxAgeSeconds: number
  readonly staleWhileRevalidateSeconds: number
  readonly staleIfErrorSeconds: number
  /** Whether all callers get the same; otherwise each gets what was made for it. */
  readonly shared: boolean
  /** With `{parameters}` of the path. */
  readonly tags: readonly string[]
  /** The request headers by which the reply differs, in lower case. */
  readonly vary: readonly string[]
}

/** How many instances of a function there may be, and how many requests each takes at once, with the defaults resolved. */
export interface Scale {
  /** That a cluster keeps warm; undefined where it keeps none. */
  readonly min?: number
  readonly max: number
  readonly concurrency: number
  readonly warm?: readonly WarmWindow[]
}

/** How a contract's function runs, with its defaults resolved: what the renderers of clusters read. */
export interface ResolvedDeployment {
  readonly kind: FunctionContract['kind']
  readonly name: string
  /** The longest that a request may take, with its streams. */
  readonly timeoutMs: number
  readonly scale: Scale & { readonly min: number; readonly target?: number }
  readonly resources: {
    readonly requests: { readonly cpu: string; readonly memory: string }
    readonly limits: { readonly memory: string }
  }
  readonly secrets: readonly string[]
  /** The secrets that may have signed its webhooks, which the gateway gets in its place. */
  readonly signedBy?: readonly string[]
  readonly egress: readonly string[]
  /** The functions that it calls. */
  readonly calls: readonly string[]
  readonly openfaas: boolean
  /** The table whose changes it takes. */
  readonly change?: string
}
