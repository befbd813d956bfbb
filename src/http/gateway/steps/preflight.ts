import { Problem, type Route } from '../../../contract/index.ts'
import type { Step } from '../pipeline.ts'
import { methodsOf } from '../router.ts'

/**
 * Answers a browser's preflight with what the contracts at its path take; the browser compares. 403 for an origin that
 * is not configured. Where none is, there are no preflights: an OPTIONS gets its 404 or 405 from `route`.
 */
export function preflight(): Step {
  return function preflight(exchange) {
    if (!exchange.preflight) return undefined
    const { offered, answerHeaders } = exchange
    if (answerHeaders['access-control-allow-origin'] === undefined) return NOT_YOURS
    const headers = {
      'access-control-allow-methods': methodsOf(offered).join(', '),
      'access-control-allow-headers': headersOf(offered).join(', '),
      'access-control-max-age': String(MAX_AGE_SECONDS),
    }
    return { status: 204, headers, body: '', spared: 'preflight' }
  }
}

/** A contract that changes is seen after so long. */
const MAX_AGE_SECONDS = 600

const ALWAYS = [
  ...['authorization', 'content-type', 'idempotency-key', 'prefer', 'traceparent', 'x-api-key', 'x-correlation-id'],
]

const headersOf = (offered: readonly Route[]) => [...new Set([...ALWAYS, ...offered.flatMap(({ headers }) => headers)])]

const NOT_YOURS = new Problem('forbidden', 403, 'Pages of this origin may not call this API.')
