import type { Step } from '../context.ts'
import type { SecurityHeadersOptions } from '../dependencies.ts'
import { byRunning } from '../explanation.ts'

/** No response of an API is a page: no browser has a reason to show one in a frame, or to run what is in it. */
const API_HEADERS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
}

/** Adds what security scanners look for, to each response; the pages of `/docs` have a policy of their own. */
export function securityHeaders({ hstsSeconds }: SecurityHeadersOptions): Step {
  const hsts = `max-age=${hstsSeconds}`
  const step: Step = function securityHeaders({ client, request, responseHeaders }) {
    // RFC 6797, 7.2: not by plain HTTP.
    if (client.proto === 'https' && hstsSeconds > 0) responseHeaders['strict-transport-security'] = hsts
    if (!/^\/docs(?:[/?]|$)/.test(request.url ?? '')) Object.assign(responseHeaders, API_HEADERS)
    return undefined
  }
  return byRunning(step, () => 'Every response gets the headers that tell browsers to be careful.')
}
