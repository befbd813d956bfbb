import type { AnyContract, FunctionContract, ReceiverContract } from './any-contract.ts'
import type { AuthorizerContract } from './authorizer-shape.ts'
import { isChange } from './change.ts'
import type { ChangeSelection } from './change-shape.ts'
import {
  AUTHORIZER_TTL_SECONDS,
  LIMITS,
  MAX_BODY_BYTES,
  REQUESTS,
  RETRY,
  SCALE,
  TIMEOUT_MS,
  UPGRADE,
} from './defaults.ts'
import type { WarmWindow } from './deployment-shape.ts'
import type { Deprecation } from './deprecation.ts'
import { type DescribedObjective, describeObjective } from './describe-objective.ts'
import type { DescribedCheck } from './describe-synthetic-check.ts'
import type { EndpointContract, Method } from './endpoint-shape.ts'
import type { Emits } from './event-shape.ts'
import { failureStatuses } from './failures.ts'
import type { GraphqlLimits, GraphqlPart } from './graphql/graphql-part.ts'
import { mediaTypesOf } from './patch/media-types.ts'
import type { ProxiedService } from './proxied-service.ts'
import { repliesOf, usualReply } from './reply.ts'
import type { ScheduleContract } from './schedule-shape.ts'
import { jsonBodyOf } from './streams/body-kind.ts'
import { describeBodyStream, describeReplyStream } from './streams/describe-streams.ts'
import { type BodyStream, type DescribedReplyStream, longestMs } from './streams/longest-ms.ts'
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
  readonly scale: { readonly min: number; readonly max: number; readonly concurrency: number; readonly target?: number }
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

/** An endpoint's contract as plain data, with its defaults resolved. */
export function describeEndpoint(contract: EndpointContract): Route {
  const { access, headers, cookies, conditional, limit, examples = {} } = contract
  const bodyStream = describeBodyStream(contract)
  const replyStream = describeReplyStream(usualReply(contract))
  const exampleBody = Object.values(examples).find((example) => example.body !== undefined)?.body
  const failsWith = [...new Set(Object.values(failureStatuses(contract)))].filter((status) => FAULTS.has(status))
  return {
    ...describeCommon(contract),
    kind: 'endpoint',
    method: contract.method,
    path: contract.path,
    scopes: access.scopes ?? [],
    owner: access.owner ?? false,
    policy: access.policy ?? false,
    anonymous: access.anonymous ?? false,
    ...(access.dpop ? { dpop: true } : {}),
    ...(access.authorizer === undefined ? {} : { authorizer: access.authorizer }),
    ...(access.internal ? { internal: true } : {}),
    idempotent: contract.idempotent ?? false,
    async: contract.async ?? false,
    readOnly: contract.method === 'GET' || (contract.reads ?? false),
    ...(contract.replica === false ? { replica: false } : {}),
    hasBody: contract.body !== undefined,
    maxBodyBytes: bodyStream?.maxBytes ?? MAX_BODY_BYTES,
    ...describeBody(contract),
    headers: [...Object.keys(headers?.shape ?? {}), ...(conditional ? CONDITIONS : [])],
    ...(cookies ? { cookies: Object.keys(cookies.shape) } : {}),
    ...describeReplyHeaders(contract),
    ...(conditional ? { conditional } : {}),
    ...(contract.tenancy ? { tenancy: true } : {}),
    ...(limit ? { limit: { ...limit, burst: limit.burst ?? limit.requests } } : {}),
    ...(failsWith.length > 0 ? { failsWith } : {}),
    ...(contract.upgrade ? { upgrade: limitsOf(contract.upgrade) } : {}),
    ...(contract.priority ? { priority: contract.priority } : {}),
    ...(contract.deprecated ? { deprecated: contract.deprecated } : {}),
    ...describeObjective(contract),
    ...describeCaching(contract),
    ...(contract.tool ? { tool: true } : {}),
    ...(contract.graphql ? { graphql: limitsOfGraphql(contract.graphql) } : {}),
    ...(exampleBody === undefined ? {} : { exampleBody }),
    ...(bodyStream ? { bodyStream } : {}),
    ...(replyStream ? { replyStream } : {}),
  }
}

function describeCaching({ cache, headers }: EndpointContract): { readonly cache?: Caching } {
  if (!cache) return {}
  const { maxAgeSeconds, staleWhileRevalidateSeconds = 0, staleIfErrorSeconds = 0, shared = false, tags = [] } = cache
  const vary = cache.vary ?? Object.keys(headers?.shape ?? {})
  return { cache: { maxAgeSeconds, staleWhileRevalidateSeconds, staleIfErrorSeconds, shared, tags, vary } }
}
const limitsOfGraphql = ({ query: _, links: _links, mutation: _mutation, ...limits }: GraphqlPart): GraphqlLimits =>
  limits

const limitsOf = (upgrade: NonNullable<EndpointContract['upgrade']>) => {
  const { maxSeconds, idleSeconds, maxMessageBytes } = { ...UPGRADE, ...(upgrade === true ? {} : upgrade) }
  return { maxSeconds, idleSeconds, maxMessageBytes }
}

/** How long a request may take: a WebSocket as long as it lives. */
const timeoutOf = (contract: FunctionContract) =>
  'upgrade' in contract && contract.upgrade
    ? limitsOf(contract.upgrade).maxSeconds * 1_000
    : (contract.timeoutMs ?? TIMEOUT_MS)

/** What elsewhere says that a function cannot be reached, or has too much to do. */
const FAULTS: ReadonlySet<number> = new Set([502, 503, 504])

/** The headers by which a request says which version it is about (RFC 9110, 13.1). */
const CONDITIONS = ['if-match', 'if-none-match']

function describeBody(contract: EndpointContract): Pick<Route, 'bodyTypes'> {
  const body = jsonBodyOf(contract)
  const bodyTypes = body && mediaTypesOf(body)
  return bodyTypes ? { bodyTypes } : {}
}

function describeReplyHeaders(contract: EndpointContract): Pick<Route, 'replyHeaders'> {
  const names = repliesOf(contract).flatMap(({ headers }) => Object.keys(headers?.shape ?? {}))
  return names.length > 0 ? { replyHeaders: [...new Set(names)] } : {}
}

/** The contract of a subscriber, a schedule or a webhook's handler as plain data, with its defaults resolved. */
export function describeSubscriber(contract: ReceiverContract): Subscription {
  const { attempts = RETRY.attempts, minDelayMs = RETRY.minDelayMs, ...given } = contract.retry ?? {}
  const { maxDelayMs = Math.max(RETRY.maxDelayMs, minDelayMs) } = given
  const retry = { attempts, minDelayMs, maxDelayMs }
  const described = { ...describeCommon(contract), kind: contract.kind, on: contract.on.type, retry }
  if (contract.kind === 'schedule') return { ...described, schedule: describeSchedule(contract) }
  if (contract.kind === 'receive') return described
  const { rate, batch, on } = contract
  return {
    ...described,
    ...(isChange(on) ? { change: on.change } : {}),
    ...(rate ? { rate: { burst: rate.requests, ...rate } } : {}),
    ...(batch ? { batch: { withinMs: 0, ...batch } } : {}),
  }
}

const describeSchedule = ({ cron, ...given }: ScheduleContract): Schedule => {
  const { timeZone = 'UTC', missed = 'once', overlap = 'skip', jitterMs = 0 } = given
  return { cron, timeZone, missed, overlap, jitterMs }
}

/** An authorizer's contract as plain data, with its defaults resolved. */
export function describeAuthorizer(contract: AuthorizerContract): Authorizer {
  const { credentials, name, ttlSeconds = AUTHORIZER_TTL_SECONDS, subjectPrefix = `${name}:` } = contract
  const { headers, path = false, query = false, body = false } = credentials
  const described = { ...describeCommon(contract), kind: 'authorizer' } as const
  return { ...described, credentials: { headers, path, query, body }, ttlSeconds, subjectPrefix }
}

function describeCommon(contract: FunctionContract) {
  const { name, summary, scale, secrets = [] } = contract
  const emits = emitsOf(contract)
  const { min = SCALE.min, max = SCALE.max, concurrency = SCALE.concurrency, warm } = scale ?? {}
  const scaling = { ...(min > 0 ? { min } : {}), max, concurrency, ...(warm ? { warm } : {}) }
  const calls = 'calls' in contract && contract.calls?.map((callee) => ({ name: callee, scopes: [] }))
  const described = {
    name,
    summary,
    timeoutMs: timeoutOf(contract),
    scale: scaling,
    secrets,
    emits: Object.keys(emits),
  }
  return calls ? { ...described, calls } : described
}

/** Whether a contract says that whatever comes to it belongs to a tenant. */
export const hasTenancy = (contract: AnyContract): boolean => 'tenancy' in contract && contract.tenancy === true

/** What a contract says about how its function runs, with its defaults resolved. */
export function describeDeployment(contract: FunctionContract): ResolvedDeployment {
  const { kind, name, resources = {}, secrets = [], egress = [], targets = {} } = contract
  const timeoutMs = kind === 'endpoint' ? longestMs(describeEndpoint(contract)) : timeoutOf(contract)
  const { min = SCALE.min, max = SCALE.max, concurrency = SCALE.concurrency, target } = contract.scale ?? {}
  return {
    ...{ kind, name, timeoutMs, secrets, egress, calls: ('calls' in contract && contract.calls) || [] },
    scale: { min, max, concurrency, ...(target === undefined ? {} : { target }) },
    resources: { requests: { ...REQUESTS, ...resources.requests }, limits: { ...LIMITS, ...resources.limits } },
    openfaas: targets.openfaas ?? true,
    ...(contract.kind === 'receive' ? { signedBy: contract.signedBy } : {}),
    ...(contract.kind === 'subscriber' && isChange(contract.on) ? { change: contract.on.change.table } : {}),
  }
}

/** What the handler of a contract may emit, by type. */
export const emitsOf = (contract: AnyContract): Emits => ('emits' in contract ? (contract.emits ?? {}) : {})
