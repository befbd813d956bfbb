import { only } from '../exchange.ts'
import type { Step } from '../pipeline.ts'
import type { GatewayPorts } from '../ports.ts'

/**
 * Lets the pages of the configured origins read every answer, refusals too. Credentials are never allowed: callers show
 * a key, and no cookie counts here. Where no origin is configured, it does nothing.
 */
export function cors({ corsOrigins }: Pick<GatewayPorts, 'corsOrigins'>): Step {
  const everybody = corsOrigins.includes('*')
  const origins = new Set(corsOrigins)
  const mayCall = (origin: string) =>
    everybody || origins.has(origin) || origins.has(`${origin.replace(/:\d+$/, '')}:*`)
  return function cors(exchange) {
    if (corsOrigins.length === 0) return undefined
    const { headers, request, answerHeaders } = exchange
    // A cache must not give one origin the answer to another, nor that to no origin at all.
    answerHeaders.vary = 'Origin'
    const origin = only(headers.origin)
    if (origin === undefined) return undefined
    exchange.preflight = request.method === 'OPTIONS' && headers['access-control-request-method'] !== undefined
    if (!mayCall(origin)) return undefined
    answerHeaders['access-control-allow-origin'] = everybody ? '*' : origin
    if (!exchange.preflight) answerHeaders['access-control-expose-headers'] = EXPOSED
    return undefined
  }
}

const EXPOSED =
  'ETag, Idempotency-Replayed, Location, Preference-Applied, RateLimit, RateLimit-Policy, Retry-After, X-Correlation-Id'
