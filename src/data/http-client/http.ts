import { setTimeout as delay } from 'node:timers/promises'
import type { BindContext, Resource } from '../../kernel/index.ts'
import { markHandled } from '../../kernel/promises.ts'
import { type HttpClient, openHttpClient, type SendOptions } from './open-http-client.ts'
import { type HttpMethod, toHttpRequest } from './request.ts'
import type { HttpResponse } from './response.ts'

/**
 * How one call is sent, and within which limits.
 * @example const options: HttpOptions = { json: { sku: 'LAMP-BRASS-01' }, timeoutMs: 500, retries: 0 }
 */
export interface HttpOptions extends Partial<SendOptions> {
  /** Sent besides those of the correlation. */
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as application/json. */
  readonly json?: unknown
  /** Sent as it is; not together with `json`. */
  readonly body?: string | Uint8Array
  /** Ends the call besides the request's own deadline. */
  readonly signal?: AbortSignal
}

type SendMethod = (url: string | URL, options?: HttpOptions) => Promise<HttpResponse>

/**
 * Calls other services over HTTP, never beyond the request's own deadline. Any status is a response; where there was none,
 * the call rejects with an {@link HttpError}. What is safe to repeat (GET, HEAD, OPTIONS, PUT, DELETE, and what carries an
 * Idempotency-Key) is retried where that may help. An origin that keeps failing is not called for a while.
 * @example const stock = async (http: Http) => (await http.get('https://stock.example/v1/lamps', { retries: 1 })).status
 */
export interface Http {
  /** Sends a GET. */
  readonly get: SendMethod
  /** Sends a POST; retried only with an Idempotency-Key. */
  readonly post: SendMethod
  /** Sends a PUT. */
  readonly put: SendMethod
  /** Sends a PATCH; retried only with an Idempotency-Key. */
  readonly patch: SendMethod
  /** Sends a DELETE. */
  readonly delete: SendMethod
  /** Sends a request of any method. */
  readonly request: (method: HttpMethod, url: string | URL, options?: HttpOptions) => Promise<HttpResponse>
}

const TIMEOUT_MS = 5_000
const RETRIES = 2
const MAX_BYTES = 10 * 1024 * 1024

/**
 * HTTP for a handler. Passes the request's correlation on, and logs neither headers nor bodies.
 * @example
 * export default implement(contract, { http }, async ({ params: { id } }, { http }) => {
 *   const response = await http.get(`https://stock.example/v1/orders/${id}`, { timeoutMs: 500 })
 *   return response.json(z.object({ id: z.uuid(), quantity: z.int() }))
 * })
 * @see docs/guide/07-outgoing-calls.md
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
  return bindMethods(send)
}

/** All that a handler calls, by what sends a request of any method. */
export function bindMethods(send: Http['request']): Http {
  const request: Http['request'] = (method, url, options) => markHandled(send(method, url, options))
  const sendBy =
    (method: HttpMethod): SendMethod =>
    (url, options) =>
      request(method, url, options)
  return {
    ...{ get: sendBy('GET'), post: sendBy('POST'), put: sendBy('PUT'), patch: sendBy('PATCH') },
    ...{ delete: sendBy('DELETE'), request },
  }
}
