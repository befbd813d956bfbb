import { Problem } from '../../../contract/index.ts'
import type { GatewayContext, Outcome, Step } from '../context.ts'
import type { HttpsOptions } from '../dependencies.ts'
import { byRunning } from '../explanation.ts'

/**
 * Serves nothing by plain HTTP, but probes. A credential that comes in the clear is refused and never redirected: a client that
 * is redirected goes on to send it so with each request, and nobody notices (draft-ietf-httpapi-privacy). A read without one is
 * redirected.
 */
export function requireHttps({ port }: HttpsOptions): Step {
  const step: Step = function requireHttps(context) {
    if (context.client.proto === 'https' || context.path.startsWith('/_/')) return undefined
    // The connection may be read by anyone: the next request should not come by it.
    if (hasCredential(context)) return BURNT
    const { method } = context.request
    return method === 'GET' || method === 'HEAD' ? redirect(context, port()) : HTTPS_ONLY
  }
  return byRunning(step, ({ client }) =>
    client.proto === 'https' ? 'It comes by https.' : 'Probes may come by plain HTTP.',
  )
}

const CREDENTIAL_HEADERS = ['authorization', 'x-api-key', 'cookie', 'dpop']
/** RFC 6750, 2.3, and what people call keys. */
const CREDENTIAL_PARAMETER = /[?&](access_token|id_token|token|api[_-]?key|key|secret|password)=/i

const hasCredential = ({ headers, query }: GatewayContext): boolean =>
  CREDENTIAL_HEADERS.some((name) => headers[name] !== undefined) || CREDENTIAL_PARAMETER.test(query)

const CLOSE = { connection: 'close', 'cache-control': 'no-store' }
const BURNT = new Problem(
  'https_required',
  403,
  'This request sent a credential by plain HTTP, where others may have read it: replace the credential, and use https.',
  { headers: CLOSE },
)
const HTTPS_ONLY = new Problem('https_required', 403, 'Use https: nothing is accepted by plain HTTP.', {
  headers: CLOSE,
})

function redirect({ client, headers, path, query }: GatewayContext, port: number): Outcome {
  const host = client.host ?? headers.host?.[0]
  if (host === undefined) return HTTPS_ONLY
  const authority = host.replace(/:\d+$/, '') + (port === 443 ? '' : `:${port}`)
  return {
    status: 308,
    headers: { ...CLOSE, location: `https://${authority}${path}${query}` },
    body: '',
    shortCircuitReason: 'https_required',
  }
}
