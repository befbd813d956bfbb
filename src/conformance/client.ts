import { Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'
import { request as requestTls, Agent as TlsAgent } from 'node:https'
import { urlToHttpOptions } from 'node:url'

import { EVENT_STREAM } from '../contract/index.ts'

export interface ConformanceRequest {
  /** Default: GET. */
  readonly method?: string
  /** Path and query; goes out exactly as it stands here. */
  readonly path: string
  /** One that has several values goes out several times. */
  readonly headers?: OutgoingHttpHeaders
  /** A body, as JSON. */
  readonly json?: unknown
  /** A body, as it is. */
  readonly body?: string | Uint8Array
  /** Hangs up. */
  readonly signal?: AbortSignal
}

export interface ConformanceResponse {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** The body; throws where it is no JSON. What it is, the contract says. */
  readonly json: <Body>() => Body
}

export type Send = (sent: ConformanceRequest) => Promise<ConformanceResponse>

/** More than a cold start and the longest deadline take together. */
const LIMIT_MS = 60_000

/**
 * A client that keeps its connections (default). It is `node:http`, since `fetch` normalises paths and headers, and some cases
 * are about those that are not normal.
 */
export function createClient(
  url: string,
  { keepAlive = true } = {},
): { readonly send: Send; readonly close: () => void } {
  const { protocol, hostname, port } = urlToHttpOptions(new URL(url))
  const isTls = protocol === 'https:'
  // Where replicas answer: the cases see what others of them have written, too.
  let position: Readonly<Record<string, string>> = {}
  const agent = isTls ? new TlsAgent({ keepAlive }) : new Agent({ keepAlive })
  const send: Send = ({ method = 'GET', path, headers = {}, json, body, signal }) => {
    const bytes = json === undefined ? body : JSON.stringify(json)
    const chunked = headers['transfer-encoding'] !== undefined
    const limit = AbortSignal.timeout(LIMIT_MS)
    const { promise, resolve, reject } = Promise.withResolvers<ConformanceResponse>()
    const outgoing = (isTls ? requestTls : request)({
      ...{ hostname, port, agent, method, path, signal: signal ? AbortSignal.any([signal, limit]) : limit },
      headers: {
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...(bytes === undefined || chunked ? {} : { 'content-length': Buffer.byteLength(bytes) }),
        ...position,
        ...headers,
      },
    })
    outgoing.once('response', (incoming) => {
      const { statusCode: status = 0, headers } = incoming
      if (headers['ebb-position'] !== undefined) position = { 'ebb-position': 'latest' }
      // Events end when nobody reads them any more.
      const isEndless = headers['content-type']?.startsWith(EVENT_STREAM)
      const read = async () => (isEndless ? '' : Buffer.concat(await incoming.toArray()).toString())
      if (isEndless) incoming.destroy()
      read().then((text) => resolve({ status, headers, text, json: () => JSON.parse(text) }), reject)
    })
    outgoing.on('error', reject).end(bytes)
    return promise
  }
  return { send, close: () => agent.destroy() }
}
