import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ContractSet, Problem, type Route, type Strings } from '../../contract/index.ts'
import type { Correlation } from '../../kernel/index.ts'
import { correlate } from '../../telemetry/index.ts'
import { type ClientInfo, getClientInfo } from './client-info.ts'
import type { Caller } from './dependencies.ts'
import { parseRawHeaders } from './headers.ts'

/** One request and its answer on their way: each step reads what those before it have found out. */
export interface GatewayContext extends Correlation {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Aborts when nobody waits for the answer any more, or the rest of the request cannot be read; its reason is a Problem. */
  readonly signal: AbortSignal
  readonly abort: (reason: Problem) => void
  readonly startedAt: number
  /** Whether it came on a connection that is one too many. */
  readonly overConnectionLimit: boolean
  /** Where it comes from, as far as the trusted proxies say. */
  readonly client: ClientInfo
  /** Names in lower case. After `normalise` only what a function may see. */
  headers: Record<string, string[]>
  /** As sent, without scheme and host, still encoded. */
  path: string
  /** With its question mark, as sent; '' where there is none. */
  query: string
  /** The contracts of this request, whatever is swapped meanwhile. */
  contracts: ContractSet | undefined
  route: Route | undefined
  /** Decoded. */
  params: Strings
  caller: Caller
  /** Whether a browser asks what a page may do, instead of a request (Fetch, 3.2.2). */
  preflight: boolean
  /** All that a preflight's path offers. */
  routesAtPath: readonly Route[]
  /** Names in lower case; added to the answer, whoever gives it. */
  responseHeaders: Record<string, string>
  /** The bytes as they came. */
  body: Uint8Array
  /** When all of the request was there. */
  bodyReceivedAt: number
  /** Whether its function was called, however that ended. */
  invoked: boolean
  /** When its function's answer began. */
  respondedAt: number | undefined
  /** Whether its function had to start first, and what that runs, where a function said so. */
  cold: boolean | undefined
  revision: string | undefined
  /** Why no function was invoked. */
  shortCircuitReason: string | undefined
  /** Of the answer's body. */
  bytes: number
}

const ANONYMOUS: Caller = Object.freeze({ sub: 'anonymous', scopes: [] })
const EMPTY_BODY = new Uint8Array()

export function createGatewayContext(
  request: IncomingMessage,
  response: ServerResponse,
  { crowded: overConnectionLimit, trustedHops }: { readonly crowded: boolean; readonly trustedHops: number },
): GatewayContext {
  const controller = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new Problem('caller_gone', 499, 'The caller has hung up.'))
  })
  const headers = parseRawHeaders(request.rawHeaders)
  const startedAt = performance.now()
  return {
    ...correlate(singleValue(headers['x-correlation-id']), singleValue(headers.traceparent)),
    request,
    response,
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    startedAt,
    overConnectionLimit,
    client: getClientInfo(request.socket.remoteAddress, headers, { hops: trustedHops }),
    headers,
    path: '',
    query: '',
    contracts: undefined,
    route: undefined,
    params: {},
    caller: ANONYMOUS,
    preflight: false,
    routesAtPath: [],
    responseHeaders: {},
    body: EMPTY_BODY,
    bodyReceivedAt: startedAt,
    invoked: false,
    respondedAt: undefined,
    cold: undefined,
    revision: undefined,
    shortCircuitReason: undefined,
    bytes: 0,
  }
}

/** Whether nobody has said who calls. */
export const isAnonymous = ({ caller }: GatewayContext): boolean => caller === ANONYMOUS

/** The route, for the steps that come after `route`. */
export function routeOf({ route }: GatewayContext): Route {
  if (!route) throw new Error('this step must stand after `route`')
  return route
}

/** The value of a header that must not be given twice. */
export const singleValue = (values: readonly string[] | undefined) => (values?.length === 1 ? values[0] : undefined)
