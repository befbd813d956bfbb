import { type Correlation, HIDDEN_SECRET } from '../../kernel/index.ts'
import { activeTraceparent } from '../../telemetry/index.ts'

/** The methods that a handler may call other servers with. */
export type HttpMethod = 'GET' | 'HEAD' | 'OPTIONS' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** One request, in a form that can be sent again. */
export interface HttpRequest {
  readonly method: HttpMethod
  readonly url: URL
  /** By lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | null
  /** The function that it calls: failures are counted for it, in place of its origin, which others may share. */
  readonly service?: string
  /** Whether it may be repeated, whatever its method and headers say. */
  readonly repeatable?: boolean
}

interface HttpRequestParts {
  readonly headers: Readonly<Record<string, string>> | undefined
  readonly json: unknown
  readonly body: string | Uint8Array | undefined
  readonly correlation: Correlation
}

/** The request that a handler asked for. Throws a TypeError, which quotes nothing of it, if it cannot be sent. */
export function toHttpRequest(
  method: HttpMethod,
  url: string | URL,
  { headers = {}, json, body, correlation }: HttpRequestParts,
): HttpRequest {
  if (json !== undefined && body !== undefined) throw new TypeError('a request has `json` or `body`, not both')
  const given = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), refuseHidden(value)])
  return {
    method,
    url: parseUrl(refuseHidden(url)),
    headers: {
      // Without it, any coding would be acceptable (RFC 9110, 12.5.3), and nothing here decodes.
      'accept-encoding': 'identity',
      // If the request is traced, the span of this call sets its own.
      ...(activeTraceparent() ? {} : { traceparent: correlation.traceparent }),
      'x-correlation-id': correlation.correlationId,
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...Object.fromEntries(given),
    },
    body: json === undefined ? (body ?? null) : JSON.stringify(json),
  }
}

/** As the text of a Secret, it would be sent to a server that expects the value. */
function refuseHidden<Given extends string | URL>(given: Given): Given {
  if (!String(given).includes(HIDDEN_SECRET)) return given
  throw new TypeError('a secret hides its value here: write `secrets.NAME.reveal()`')
}

function parseUrl(given: string | URL): URL {
  const url = URL.parse(given)
  if (!url || !/^https?:$/.test(url.protocol)) throw new TypeError('an absolute http or https URL is needed')
  if (url.username || url.password) throw new TypeError('credentials belong in a header, not in the URL')
  return url
}
