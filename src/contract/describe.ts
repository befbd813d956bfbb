import type { AnyContract, FunctionContract, ReceiverContract } from './any-contract.ts'
import type { AuthorizerContract } from './authorizer-shape.ts'
import { isChange } from './change.ts'
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
import { describeObjective } from './describe-objective.ts'
import type { Authorizer, Caching, ResolvedDeployment, Route, Schedule, Subscription } from './described.ts'
import type { EndpointContract } from './endpoint-shape.ts'
import { versionOf } from './event.ts'
import type { Emits } from './event-shape.ts'
import { failureStatuses } from './failures.ts'
import type { GraphqlLimits, GraphqlPart } from './graphql/graphql-part.ts'
import type { GraphqlSubscriptions } from './graphql/graphql-subscription.ts'
import { mediaTypesOf } from './patch/media-types.ts'
import { repliesOf, usualReply } from './reply.ts'
import type { ScheduleContract } from './schedule-shape.ts'
import { jsonBodyOf } from './streams/body-kind.ts'
import { describeBodyStream, describeReplyStream } from './streams/describe-streams.ts'
import { longestMs } from './streams/longest-ms.ts'

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
function limitsOfGraphql({
  query: _,
  links: _links,
  mutation: _mutation,
  subscription,
  ...limits
}: GraphqlPart): GraphqlLimits {
  // As the contract's check has found it.
  const followed = Object.entries((subscription ?? {}) as GraphqlSubscriptions).map(([field, { on, ...whose }]) => {
    return [field, { ...whose, type: on.type, version: versionOf(on) }] as const
  })
  return followed.length > 0 ? { ...limits, follows: Object.fromEntries(followed) } : limits
}

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
  const { min = SCALE.min, max = SCALE.max, concurrency = SCALE.concurrency, target, warm } = contract.scale ?? {}
  return {
    ...{ kind, name, timeoutMs, secrets, egress, calls: ('calls' in contract && contract.calls) || [] },
    scale: { min, max, concurrency, ...(target === undefined ? {} : { target }), ...(warm ? { warm } : {}) },
    resources: { requests: { ...REQUESTS, ...resources.requests }, limits: { ...LIMITS, ...resources.limits } },
    openfaas: targets.openfaas ?? true,
    ...(contract.kind === 'receive' ? { signedBy: contract.signedBy } : {}),
    ...(contract.kind === 'subscriber' && isChange(contract.on) ? { change: contract.on.change.table } : {}),
  }
}

/** What the handler of a contract may emit, by type. */
export const emitsOf = (contract: AnyContract): Emits => ('emits' in contract ? (contract.emits ?? {}) : {})
