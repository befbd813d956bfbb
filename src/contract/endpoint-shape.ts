import type * as z from 'zod'
import type { Deployment } from './deployment-shape.ts'
import type { Deprecation } from './deprecation.ts'
import type { Emits } from './event-shape.ts'
import type { Failures } from './failures.ts'
import type { GraphqlPart } from './graphql/graphql-part.ts'
import type { Objective } from './objective-shape.ts'
import type { Replies } from './reply.ts'
import type { Body } from './streams/body-kind.ts'
import type { SyntheticCheck } from './synthetic-check-shape.ts'

/**
 * Everything that callers may know about one endpoint, as `endpoint()` takes it. Plain data: no I/O, no framework.
 * @example
 * const shape: EndpointShape = {
 *   name: 'list-orders',
 *   summary: 'List orders.',
 *   method: 'GET',
 *   path: '/v1/orders',
 *   query: z.object({ limit: z.number().max(100).default(20) }),
 *   reply: { status: 200, body: z.object({ items: z.array(z.object({ id: z.uuid() })) }) },
 *   access: { scopes: ['orders:read'] },
 * }
 * @see docs/contracts.md
 */
export interface EndpointShape extends Deployment {
  /** The name of its folder, image and service: a DNS label of at most 40 characters. */
  readonly name: string
  /** What it does, in one sentence. */
  readonly summary: string
  /** More than a sentence, in CommonMark. */
  readonly description?: string
  /** The HTTP method. The handler of a GET only reads: it cannot write. */
  readonly method: Method
  /** The route: segments and `{parameters}`, case-sensitive, without a trailing slash. */
  readonly path: `/${string}`
  /** The schema of the path's parameters: one property for each `{parameter}` of the path. */
  readonly params?: z.ZodObject
  /** The query's parameters. An array takes a name that comes several times. Others are refused with a 400. */
  readonly query?: z.ZodObject
  /** The schema of the request headers, with names in lower case. Headers that are not named here are neither checked nor passed to the handler. */
  readonly headers?: z.ZodObject
  /** The cookies that the endpoint reads. Others are neither checked nor passed to the handler. None of them proves who calls. */
  readonly cookies?: z.ZodObject
  /**
   * The request's body: the schema of JSON of at most 1 MiB, such as `mergePatch()` and `jsonPatch()` make one for a PATCH; or a
   * `stream()` or a `form()`.
   */
  readonly body?: Body
  /** What a success looks like: one reply, or several with a status each. */
  readonly reply: Replies
  /**
   * Each way in which the handler may refuse: its code, in lower_snake, and its status (400 to 599), or `{ status, description?,
   * data? }`, of which `data` is the schema of what callers get besides the message.
   */
  readonly failures?: Failures
  /** Who may call. */
  readonly access: Access
  /**
   * The caller must have a tenant, which every statement of the request belongs to: in a tenant's table it sees and writes
   * the rows of that tenant alone. Other callers get a 403 `tenant_required`.
   */
  readonly tenancy?: true
  /**
   * What each caller (where anonymous: each client address) may send: `requests` in `perSeconds` on average, and `burst` at
   * once (default: `requests`). Beyond it the gateway answers 429.
   */
  readonly limit?: { readonly requests: number; readonly perSeconds: number; readonly burst?: number }
  /**
   * Which requests the gateway refuses first (503 with Retry-After) while it has more to do than it can, and which last
   * (default: those between them).
   */
  readonly priority?: 'low' | 'high'
  /** Callers are to call it no more: since when, until when, and what instead. */
  readonly deprecated?: Deprecation
  /** What callers may rely on over some time: how many requests succeed, and how fast; false: nothing. Default: what domain/api.ts says. */
  readonly objective?: Objective | false
  /** The relay asks for one of the examples now and then, as a caller would, and tells whether it was answered so. */
  readonly check?: SyntheticCheck
  /** For how long the gateway may answer a GET by an earlier reply, without calling the function. */
  readonly cache?: ReplyCache
  /**
   * Callers open a WebSocket (RFC 6455) by this GET, whose `reply` is `{ status: 101 }`: after all that the gateway checks of
   * any request, the handler gets the `connection`. `true` is one whose messages are texts and bytes as they come.
   */
  readonly upgrade?: true | Upgrade
  /** Callers must send an Idempotency-Key; a repeated one gets the first response. */
  readonly idempotent?: true
  /**
   * Callers may send `Prefer: respond-async` (RFC 7240): they get a 202 and the address of the outcome. The function is
   * called later, and again where it fails, and takes effect once.
   */
  readonly async?: true
  /**
   * The reply to a GET has an ETag, which the handler says with `etag(version)`; a write must send that as If-Match, or
   * `If-None-Match: *` where it is to create something, and the handler compares it with `requireMatch(version)`: 412 where
   * another one was faster, 428 where neither was sent. `'optional'` lets a write send none.
   */
  readonly conditional?: true | 'optional'
  /** Marks a POST that only reads. */
  readonly reads?: true
  /**
   * `false` keeps the reads of its handler at the database itself, where others may go to a replica (DATABASE_READ_URL): for
   * what must not miss what anybody else has just written.
   */
  readonly replica?: false
  /** The events that the handler may emit, by type. */
  readonly emits?: Emits
  /** The endpoints of this project that the handler may call, by their names: it calls them by `services()` of ebb/data. */
  readonly calls?: readonly string[]
  /** Whether agents may call it, as a tool of the Model Context Protocol at `/mcp`: whoever may call it by HTTP. */
  readonly tool?: true | Tool
  /** The schema and the limits of a GraphQL endpoint, which `graphql()` makes. */
  readonly graphql?: GraphqlPart
  /** Requests with their replies, by title. */
  readonly examples?: Readonly<Record<string, Example>>
}

/** The HTTP methods that an endpoint may have. */
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/**
 * For how long an earlier reply may answer a GET, and for whom: each caller gets only what was made for it, with the same
 * tenant, scopes and roles, unless `shared`. Failures are not kept. A reply gets an `ETag`, so that a caller who has it
 * already is answered 304.
 * @example const cache: ReplyCache = { maxAgeSeconds: 60, staleWhileRevalidateSeconds: 600, shared: true, tags: ['product:{id}'] }
 * @see docs/contracts.md
 */
export interface ReplyCache {
  /** For how long a reply is fresh: 1 second to a year. */
  readonly maxAgeSeconds: number
  /** For how long beyond that it may still be used, while one call renews it (RFC 5861). Default: 0. */
  readonly staleWhileRevalidateSeconds?: number
  /** For how long beyond that it may be used where the function fails or cannot be reached (RFC 5861). Default: 0. */
  readonly staleIfErrorSeconds?: number
  /** The reply is the same for all callers who may call: those of a tenant, where they have one. */
  readonly shared?: true
  /** What the reply can be purged by. `{parameter}` is one of the path's. */
  readonly tags?: readonly string[]
  /** The request headers that the reply depends on, of those in `headers`. Default: all of them. */
  readonly vary?: readonly string[]
}

/**
 * What an endpoint's WebSockets may carry, and for how long.
 * @example const upgrade: Upgrade = { receive: z.object({ text: z.string() }), send: z.object({ text: z.string() }), maxSeconds: 300 }
 * @see docs/guide/30-websockets.md
 */
export interface Upgrade {
  /** The schema of each message of the caller, as JSON; default: a message is a text, or bytes. */
  readonly receive?: z.ZodType
  /** The schema of each message to the caller, as JSON; default: a text, or bytes. */
  readonly send?: z.ZodType
  /** The subprotocols that it speaks; a connection has the first of the caller's that is one of them. */
  readonly subprotocols?: readonly string[]
  /** How long a connection lives, in seconds (default: 300, at most 600): then it is closed with 1001, and the caller comes again. */
  readonly maxSeconds?: number
  /** A connection is closed where nothing came of the caller for so long, not even the answer to a ping (default: 60). */
  readonly idleSeconds?: number
  /** The longest message of the caller, in bytes (default: 64 KiB, at most 1 MiB). */
  readonly maxMessageBytes?: number
}

/**
 * Who may call an endpoint. `{}` is any authenticated caller. The gateway answers 401 and 403 itself: such a request never
 * reaches the function.
 * @example const access: Access = { scopes: ['orders:read'], owner: true }
 * @see docs/contracts.md
 */
export interface Access {
  /** The caller needs every one of these. */
  readonly scopes?: readonly string[]
  /** The owner may call too, without the scopes: the handler says with `own(subject)` who that is. */
  readonly owner?: true
  /** Besides the scopes, the policy in domain/policy decides: the handler asks it by `may(action, object)`. */
  readonly policy?: true
  /** Anyone may call, without a key. */
  readonly anonymous?: true
  /**
   * Only access tokens that are bound to a key of the caller's, with a proof of that key in each request (DPoP, RFC 9449): a
   * token that was stolen is of no use. API keys are refused.
   */
  readonly dpop?: true
  /** The function that says who calls, an `authorizer()` of this project, in place of keys and logins. */
  readonly authorizer?: string
  /**
   * Only the functions that name it in `calls` may call, with the identity of their own caller: there is no route to it from
   * outside, and no document, client or tool shows it.
   */
  readonly internal?: true
}

/**
 * What agents, and the people who watch them, are told of a tool besides what follows from its contract.
 * @example const tool: Tool = { title: 'Put on the waiting list', destructive: false }
 * @see docs/guide/31-mcp.md
 */
export interface Tool {
  /** What people see in place of its name (default: the name in words). */
  readonly title?: string
  /** `false` says that it only adds, so that nobody need be asked first. By default whatever does not only read may destroy. */
  readonly destructive?: false
}

/**
 * Values of one request and its reply, for the published documentation, the mock server and `ebb invoke`. `body` and `reply`
 * are checked against their schemas when the contract loads.
 * @example const example: Example = { body: { sku: 'LAMP-BRASS-01', quantity: 1 }, reply: { id: '01J…' } }
 */
export interface Example {
  /** Values for the path's parameters. */
  readonly params?: Readonly<Record<string, unknown>>
  /** Values for the query. */
  readonly query?: Readonly<Record<string, unknown>>
  /** The request's body, before it is decoded. */
  readonly body?: unknown
  /** The reply's body, as callers get it. */
  readonly reply?: unknown
  /** Which of several replies that is, by its status (default: the first). */
  readonly status?: number
}

/**
 * An endpoint's contract as `endpoint()` returns it: frozen, and known to be consistent.
 * @example const routes = (contracts: readonly EndpointContract[]) => contracts.map(({ method, path }) => `${method} ${path}`)
 */
export type EndpointContract<C extends EndpointShape = EndpointShape> = C & { readonly kind: 'endpoint' }
