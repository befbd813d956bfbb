import type { OutgoingHttpHeaders } from 'node:http'

/** An HTTP event as function URLs and HTTP APIs of Amazon API Gateway send it, in version 2.0 of its format. */
interface HttpEvent {
  readonly version: '2.0'
  readonly rawPath: string
  readonly rawQueryString: string
  /** Those that came more than once are one, with commas. */
  readonly headers: Readonly<Record<string, string>>
  readonly cookies?: readonly string[]
  readonly body?: string
  readonly isBase64Encoded: boolean
  readonly requestContext: { readonly http: { readonly method: string } }
}

export interface LoopbackRequest {
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly headers: OutgoingHttpHeaders
  readonly body: Buffer | undefined
}

/** They are of the connection that the event came by (RFC 9110, 7.6.1); the length is that of the body below. */
const OF_THE_CONNECTION = new Set([
  ...[
    'connection',
    'keep-alive',
    'proxy-connection',
    'transfer-encoding',
    'te',
    'trailer',
    'expect',
    'upgrade',
    'content-length',
  ],
])

/** What a payload that no request can be made of is refused with. */
export const NO_HTTP_EVENT =
  'This is no HTTP event of version 2.0: invoke the function by a function URL or an HTTP API. Events come to subscribers by the relay, ' +
  'which calls that URL; with EBB_LAMBDA_EVENTS=true a subscriber takes those of SQS and EventBridge as well.'

/** The HTTP request that an event describes. */
export function toRequest(event: HttpEvent): LoopbackRequest {
  const { rawQueryString, requestContext, cookies = [], isBase64Encoded } = event
  // An HTTP API has decoded it; what cannot be in a request's head is encoded again.
  const rawPath = event.rawPath.replaceAll(/[^\x21-\x7e]/gu, encodeURIComponent)
  const headers: OutgoingHttpHeaders = Object.fromEntries(
    Object.entries(event.headers).filter(([name]) => !OF_THE_CONNECTION.has(name.toLowerCase())),
  )
  if (cookies.length > 0) headers.cookie = cookies.join('; ')
  const body = event.body === undefined ? undefined : Buffer.from(event.body, isBase64Encoded ? 'base64' : 'utf8')
  if (body) headers['content-length'] = body.length
  const target = rawQueryString ? `${rawPath}?${rawQueryString}` : rawPath
  return { method: requestContext.http.method, target, headers, body }
}

/** Whether a payload is an HTTP event of that version. */
export function isHttpEvent(event: unknown): event is HttpEvent {
  const { version, rawPath, headers, requestContext } = Object(event) as Partial<HttpEvent>
  return version === '2.0' && typeof rawPath === 'string' && headers !== undefined && requestContext?.http !== undefined
}
