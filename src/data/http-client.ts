import { setTimeout as delay } from 'node:timers/promises'
import type { Lending, Resource } from '../kernel/index.ts'
import { heard } from './heard.ts'
import type { HttpAnswer } from './http-client/answer.ts'
import { createClient, type HttpClient, type SendOptions } from './http-client/create-client.ts'
import { type HttpMethod, toCall } from './http-client/to-call.ts'

export interface HttpOptions extends Partial<SendOptions> {
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as application/json. */
  readonly json?: unknown
  readonly body?: string | Uint8Array
  /** Ends the call besides the request's own deadline. */
  readonly signal?: AbortSignal
}

type Send = (url: string | URL, options?: HttpOptions) => Promise<HttpAnswer>

/**
 * Calls others over HTTP, never beyond the request's own deadline. Whatever status comes is an answer; where none came
 * it rejects with an HttpFault. What is safe to repeat (GET, HEAD, OPTIONS, PUT, DELETE, and whatever carries an
 * Idempotency-Key) is tried again where that may help. An origin that keeps failing is left alone for a while.
 */
export interface Http {
  readonly get: Send
  readonly post: Send
  readonly put: Send
  readonly patch: Send
  readonly delete: Send
  readonly request: (method: HttpMethod, url: string | URL, options?: HttpOptions) => Promise<HttpAnswer>
}

const TIMEOUT_MS = 5_000
const RETRIES = 2
const MOST_BYTES = 10 * 1024 * 1024

/**
 * HTTP for a handler. Passes the correlation on; says nothing of headers and bodies.
 * @example
 * export default implement(contract, { http }, async ({ params: { id } }, { http }) => {
 *   const answer = await http.get(`https://stock.example/v1/orders/${id}`, { timeoutMs: 500 })
 *   return answer.json(z.object({ id: z.uuid(), quantity: z.int() }))
 * })
 */
export const http: Resource<Http, HttpClient> = {
  stores: [],
  open: (_config, log) => createClient(log, { now: () => performance.now(), random: Math.random, sleep: delay }),
  lend: lendHttp,
  close: (client) => client.close(),
}

/** The client as one request may use it. */
export function lendHttp(client: HttpClient, { signal: deadline, ...correlation }: Lending): Http {
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
      maxBytes = MOST_BYTES,
    } = {},
  ) => {
    const call = toCall(method, url, { headers, json, body, correlation })
    const ends = signal ? AbortSignal.any([deadline, signal]) : deadline
    return client.send(call, { timeoutMs, retries, redirects, maxBytes, signal: ends })
  }
  const request: Http['request'] = (method, url, options) => heard(send(method, url, options))
  const by =
    (method: HttpMethod): Send =>
    (url, options) =>
      request(method, url, options)
  return { get: by('GET'), post: by('POST'), put: by('PUT'), patch: by('PATCH'), delete: by('DELETE'), request }
}
