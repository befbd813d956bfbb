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

/** The HTTP request that an event describes. Throws a sentence where it describes none. */
export function toRequest(event: unknown): LoopbackRequest {
  if (!isHttpEvent(event))
    throw new Error(
      'This is no HTTP event of version 2.0: invoke the function by a function URL or an HTTP API. Events come to subscribers by the relay, which calls that URL.',
    )
  const { rawPath, rawQueryString, requestContext, cookies = [], isBase64Encoded } = event
  const headers: OutgoingHttpHeaders = Object.fromEntries(
    Object.entries(event.headers).filter(([name]) => !OF_THE_CONNECTION.has(name.toLowerCase())),
  )
  if (cookies.length > 0) headers.cookie = cookies.join('; ')
  const body = event.body === undefined ? undefined : Buffer.from(event.body, isBase64Encoded ? 'base64' : 'utf8')
  if (body) headers['content-length'] = body.length
  const target = rawQueryString ? `${rawPath}?${rawQueryString}` : rawPath
  return { method: requestContext.http.method, target, headers, body }
}

function isHttpEvent(event: unknown): event is HttpEvent {
  const { version, rawPath, headers, requestContext } = Object(event) as Partial<HttpEvent>
  return version === '2.0' && typeof rawPath === 'string' && headers !== undefined && requestContext?.http !== undefined
}
