import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ContractSet, Problem, type Route, type Strings } from '../../contract/index.ts'
import { type Correlation, correlate } from '../../kernel/index.ts'
import { type ClientSide, clientSide } from './client-side.ts'
import { readHeaders } from './headers.ts'
import type { Caller } from './ports.ts'

/** One request and its answer on their way: each step reads what those before it have found out. */
export interface Exchange extends Correlation {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Aborts when nobody waits for the answer any more, or the rest of the request cannot be read; its reason is a Problem. */
  readonly signal: AbortSignal
  readonly abort: (reason: Problem) => void
  readonly beganAt: number
  /** Whether it came on a connection that is one too many. */
  readonly crowded: boolean
  /** Where it comes from, as far as the trusted proxies say. */
  readonly client: ClientSide
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
  offered: readonly Route[]
  /** Names in lower case; added to the answer, whoever gives it. */
  answerHeaders: Record<string, string>
  /** The bytes as they came. */
  body: Uint8Array
  /** When all of the request was there. */
  completeAt: number
  /** Whether its function was called, however that ended. */
  called: boolean
  /** When its function's answer began. */
  answeredAt: number | undefined
  /** Whether its function had to start first, and what that runs, where a function said so. */
  cold: boolean | undefined
  revision: string | undefined
  /** Why no function was woken. */
  spared: string | undefined
  /** Of the answer's body. */
  bytes: number
}

const ANONYMOUS: Caller = Object.freeze({ sub: 'anonymous', scopes: [] })
const NOTHING = new Uint8Array()

export function startExchange(
  request: IncomingMessage,
  response: ServerResponse,
  { crowded, trustedHops }: { readonly crowded: boolean; readonly trustedHops: number },
): Exchange {
  const controller = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new Problem('caller_gone', 499, 'The caller has hung up.'))
  })
  const headers = readHeaders(request.rawHeaders)
  const beganAt = performance.now()
  return {
    ...correlate(only(headers['x-correlation-id']), only(headers.traceparent)),
    request,
    response,
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    beganAt,
    crowded,
    client: clientSide(request.socket.remoteAddress, headers, { hops: trustedHops }),
    headers,
    path: '',
    query: '',
    contracts: undefined,
    route: undefined,
    params: {},
    caller: ANONYMOUS,
    preflight: false,
    offered: [],
    answerHeaders: {},
    body: NOTHING,
    completeAt: beganAt,
    called: false,
    answeredAt: undefined,
    cold: undefined,
    revision: undefined,
    spared: undefined,
    bytes: 0,
  }
}

/** Whether nobody has said who calls. */
export const isAnonymous = ({ caller }: Exchange): boolean => caller === ANONYMOUS

/** The route, for the steps that come after `route`. */
export function routeOf({ route }: Exchange): Route {
  if (!route) throw new Error('this step must stand after `route`')
  return route
}

/** The value of a header that must not be given twice. */
export const only = (values: readonly string[] | undefined) => (values?.length === 1 ? values[0] : undefined)
