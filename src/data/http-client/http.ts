import { setTimeout as delay } from 'node:timers/promises'
import type { BindContext, Resource } from '../../kernel/index.ts'
import { markHandled } from '../resource.ts'
import { type HttpClient, openHttpClient, type SendOptions } from './open-http-client.ts'
import { type HttpMethod, toHttpRequest } from './request.ts'
import type { HttpResponse } from './response.ts'

export interface HttpOptions extends Partial<SendOptions> {
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as application/json. */
  readonly json?: unknown
  readonly body?: string | Uint8Array
  /** Ends the call besides the request's own deadline. */
  readonly signal?: AbortSignal
}

type SendMethod = (url: string | URL, options?: HttpOptions) => Promise<HttpResponse>

/**
 * Calls other services over HTTP, never beyond the request's own deadline. Every status is a response; without one, the
 * call rejects with an HttpError. Requests that are safe to repeat (GET, HEAD, OPTIONS, PUT, DELETE, and any with an
 * Idempotency-Key) are retried after transient failures. A circuit breaker rejects calls to an origin that keeps failing.
 */
export interface Http {
  readonly get: SendMethod
  readonly post: SendMethod
  readonly put: SendMethod
  readonly patch: SendMethod
  readonly delete: SendMethod
  readonly request: (method: HttpMethod, url: string | URL, options?: HttpOptions) => Promise<HttpResponse>
}

const TIMEOUT_MS = 5_000
const RETRIES = 2
const MAX_BYTES = 10 * 1024 * 1024

/**
 * HTTP for a handler. Propagates the correlation; logs no headers and no bodies.
 * @example
 * export default implement(contract, { http }, async ({ params: { id } }, { http }) => {
 *   const response = await http.get(`https://stock.example/v1/orders/${id}`, { timeoutMs: 500 })
 *   return response.json(z.object({ id: z.uuid(), quantity: z.int() }))
 * })
 */
export const http: Resource<Http, HttpClient> = {
  stores: [],
  open: (_config, log) => openHttpClient(log, { now: () => performance.now(), random: Math.random, sleep: delay }),
  bind: bindHttp,
  close: (client) => client.close(),
}

/** The client bound to one request: its deadline, and its correlation. */
export function bindHttp(client: HttpClient, { signal: deadline, ...correlation }: BindContext): Http {
  const send: Http['request'] = async (
    method,
    url,
    {
      headers,
      json,
      body,
      signal,
      timeoutMs = TIMEOUT_MS,
      retries = RETRIES,
      redirects = 0,
      maxBytes = MAX_BYTES,
    } = {},
  ) => {
    const request = toHttpRequest(method, url, { headers, json, body, correlation })
    const ends = signal ? AbortSignal.any([deadline, signal]) : deadline
    return client.send(request, { timeoutMs, retries, redirects, maxBytes, signal: ends })
  }
  const request: Http['request'] = (method, url, options) => markHandled(send(method, url, options))
  const sendBy =
    (method: HttpMethod): SendMethod =>
    (url, options) =>
      request(method, url, options)
  return {
    ...{
      get: sendBy('GET'),
      post: sendBy('POST'),
      put: sendBy('PUT'),
      patch: sendBy('PATCH'),
      delete: sendBy('DELETE'),
    },
    request,
  }
}
