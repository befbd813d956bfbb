import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { type ContractSet, Problem, type Route, type Strings } from '../../contract/index.ts'
import type { Correlation, StoredHeaders } from '../../kernel/index.ts'
import type { Variant } from '../../protocol/index.ts'
import {
  beginServerSpan,
  newTraceparent,
  type RequestSpan,
  toCorrelationId,
  traceparentOf,
  wellFormedTraceparent,
} from '../../telemetry/index.ts'
import type { Operation } from '../graphql/prepared-operation.ts'
import { type ClientInfo, getClientInfo } from './client-info.ts'
import type { Caller, Credential } from './credentials.ts'
import { parseRawHeaders } from './headers.ts'
import type { Tunnels } from './upstream/tunnels.ts'
import type { ResponseSink, UpstreamObservation } from './upstream/upstream-request.ts'

/** What is known of one request and its response: each step reads what the steps before it have added. */
export interface GatewayContext extends Correlation, UpstreamObservation {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** As its function gets it: that of `request`, but for a GET of GraphQL. */
  readonly method: string
  readonly httpVersion: string
  /** Where the response of its function goes; undefined where that is the caller. */
  sink: ResponseSink | undefined
  /** Whether its function calls no other for it: a query of GraphQL, whose mutations would. */
  callsNobody?: boolean | undefined
  /** The subscription of GraphQL that it asks for. */
  operation?: Operation | undefined
  /** How this request ends where it came within another, as a tool call does; undefined where it ends with `response`. */
  readonly ending: RequestEnd | undefined
  /** How long the caller may read nothing of a response. */
  readonly stallTimeoutMs: number
  /** Where its connection is kept, once it is a WebSocket. */
  readonly tunnels: Tunnels
  /** Aborts when the caller has hung up, or the rest of the request cannot be read; its reason is a Problem. */
  readonly signal: AbortSignal
  readonly abort: (reason: Problem) => void
  readonly startedAt: number
  /** Undefined where the request is not traced. */
  readonly span: RequestSpan | undefined
  /** Whether it came on a connection beyond the limit. */
  readonly overConnectionLimit: boolean
  readonly client: ClientInfo
  /** Names in lower case. After `normalise` only those that may be forwarded. */
  headers: Record<string, string[]>
  /** What the response must not miss, by what the caller brings of its last write; undefined where that is nothing. */
  position: string | undefined
  /** As sent, without scheme and host, still encoded. */
  path: string
  /** With its question mark, as sent; '' where there is none. */
  query: string
  /** The contracts when the request was routed, even if they are swapped meanwhile. */
  contracts: ContractSet | undefined
  route: Route | undefined
  /** Which revision of its function it is for; undefined where no canary of it runs. */
  variant: Variant | undefined
  /** By whose hash it was chosen; undefined where it was asked for, so that what becomes of it says nothing. */
  variantKey: string | undefined
  /** Decoded. */
  params: Strings
  caller: Caller
  /** What the caller proved itself with; undefined for an anonymous one. */
  credential: Credential | undefined
  /** The plan that the credential names. */
  plan: string | undefined
  /** The plan that applies; undefined before it was looked for, and where there is none. */
  appliedPlan: string | undefined
  /** Whether this is a CORS preflight (Fetch, 3.2.2). */
  preflight: boolean
  /** All routes at a preflight's path. */
  routesAtPath: readonly Route[]
  /** Names in lower case; added to the response, whether it is the gateway's or the function's. */
  responseHeaders: Record<string, string>
  /** The raw bytes; none where the body is streamed. */
  body: Uint8Array
  /** The body as it arrives; undefined where it is in `body`, or there is none. */
  bodyStream: Readable | undefined
  /** Whether it was read, or there is none. */
  bodyTaken: boolean
  /** What the platform's own contract makes of a request to the platform itself. */
  input: unknown
  /** The optional fields of its contract that it has. */
  sentFields: readonly string[]
  /** When the whole request had arrived. */
  bodyReceivedAt: number
  /** Why no function was invoked. */
  shortCircuitReason: string | undefined
  /** Whether a relay invokes it later. */
  deferred: boolean
  /** Of the response's body. */
  bytes: number
}

/** The end of a request that came within another. */
export interface RequestEnd {
  /** Calls back with the status of its response. */
  readonly whenOver: (listener: (status: number) => void) => void
}

/** Calls back with the response's status once that is over, also where that was before now. */
export function whenOver({ ending, response }: GatewayContext, listener: (status: number) => void) {
  if (ending) ending.whenOver(listener)
  else if (response.destroyed) listener(response.statusCode)
  else response.once('close', () => listener(response.statusCode))
}

/** A response of the gateway's own. */
export interface Reply {
  readonly status: number
  readonly headers: StoredHeaders
  readonly body: Uint8Array | string
  /** Why no function was invoked, where one would have been; a Problem's reason is its code. */
  readonly shortCircuitReason?: string
}

/** What a step ends a request with. */
export type Outcome = Problem | Reply

/** One step of the pipeline: returns an outcome, or throws a Problem, to end the request; or lets it go on. */
export interface Step {
  (context: GatewayContext): Outcome | undefined | Promise<Outcome | undefined>
  /** Says what it would do with a request that nobody sends, and does nothing but leave in the context what later steps read. */
  explain?: (context: GatewayContext) => Explanation | Promise<Explanation>
}

/** What a step says of a request. */
export interface Explanation {
  /** What it would end the request with; `unknown` where only a request itself could tell what comes of it. */
  readonly outcome?: Outcome | 'unknown' | undefined
  /** One sentence. */
  readonly why: string
  /** What it has decided by. */
  readonly facts?: Readonly<Record<string, unknown>> | undefined
  /** The address that the request would be sent to. */
  readonly forwardsTo?: string
}

/** Asked every few seconds: not traced, and logged only when they fail. */
export const PROBES = '/_/'

const ANONYMOUS: Caller = Object.freeze({ sub: 'anonymous', scopes: [] })
const EMPTY_BODY = new Uint8Array()

interface ContextOptions {
  readonly overConnectionLimit: boolean
  readonly trustedHops: number
  readonly stallTimeoutMs: number
  readonly tunnels: Tunnels
}

export function createGatewayContext(
  request: IncomingMessage,
  response: ServerResponse,
  { overConnectionLimit, trustedHops, stallTimeoutMs, tunnels }: ContextOptions,
): GatewayContext {
  const controller = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new Problem('caller_gone', 499, 'The caller has hung up.'))
  })
  const headers = parseRawHeaders(request.rawHeaders)
  const startedAt = performance.now()
  const received = wellFormedTraceparent(singleValue(headers.traceparent))
  // What goes with a traceparent means nothing without it.
  if (received === undefined) delete headers.tracestate
  const span = request.url?.startsWith(PROBES) ? undefined : beginServerSpan(received)
  return {
    correlationId: toCorrelationId(singleValue(headers['x-correlation-id'])),
    traceparent: span ? traceparentOf(span) : (received ?? newTraceparent()),
    span,
    request,
    response,
    method: request.method ?? '',
    httpVersion: request.httpVersion,
    sink: undefined,
    ending: undefined,
    stallTimeoutMs,
    tunnels,
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    startedAt,
    overConnectionLimit,
    client: getClientInfo(request.socket.remoteAddress, headers, {
      ...{ hops: trustedHops, encrypted: 'encrypted' in request.socket },
    }),
    headers,
    position: undefined,
    path: '',
    query: '',
    contracts: undefined,
    route: undefined,
    variant: undefined,
    variantKey: undefined,
    params: {},
    caller: ANONYMOUS,
    credential: undefined,
    plan: undefined,
    appliedPlan: undefined,
    preflight: false,
    routesAtPath: [],
    // No response is to be taken for another type than it says.
    responseHeaders: { 'x-content-type-options': 'nosniff' },
    body: EMPTY_BODY,
    bodyStream: undefined,
    bodyTaken: false,
    input: undefined,
    sentFields: [],
    bodyReceivedAt: startedAt,
    invoked: false,
    upstreamStatus: undefined,
    respondedAt: undefined,
    cold: undefined,
    revision: undefined,
    shortCircuitReason: undefined,
    deferred: false,
    bytes: 0,
  }
}

/** Whether the caller has not identified itself. */
export const isAnonymous = ({ caller }: GatewayContext): boolean => caller === ANONYMOUS

/** Whether its route is known, as it is for the steps that come after `route`. */
export const isRouted = (context: GatewayContext): context is GatewayContext & { readonly route: Route } =>
  context.route !== undefined

/** The route, for the steps that come after `route`. */
export function routeOf({ route }: GatewayContext): Route {
  if (!route) throw new Error('this step must come after `route`')
  return route
}

/** The value of a header that is given once; undefined otherwise. */
export const singleValue = (values: readonly string[] | undefined) => (values?.length === 1 ? values[0] : undefined)
