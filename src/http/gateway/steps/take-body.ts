import { Problem } from '../../../contract/index.ts'
import { bodyTooLarge, readBody } from '../../read-body.ts'
import type { BodyBudget } from '../body-budget.ts'
import { type Exchange, routeOf } from '../exchange.ts'
import type { Step } from '../pipeline.ts'
import type { GatewayLimits } from '../ports.ts'

/**
 * Checks size and media type before it reads, and takes the bytes in, which the function will get as they are. They
 * count against the budget of all bodies until the request is answered.
 */
export function takeBody(
  bodies: BodyBudget,
  { bodyTimeoutMs, bodyPace }: Pick<GatewayLimits, 'bodyTimeoutMs' | 'bodyPace'>,
): Step {
  return async function takeBody(exchange) {
    const { request, response, headers } = exchange
    const { hasBody, maxBodyBytes } = routeOf(exchange)
    const declared = Number(request.headers['content-length'] ?? 0)
    if (declared > 0 || request.headers['transfer-encoding'] !== undefined) {
      if (!hasBody) return NOT_EXPECTED
      if (declared > maxBodyBytes) return bodyTooLarge(maxBodyBytes)
      const fault = whatIsUnsupported(headers)
      if (fault) return fault
      if (headers.expect) response.writeContinue()
      const account = bodies.open(exchange.abort)
      response.once('close', account.close)
      const limits = { maxBytes: maxBodyBytes, limitMs: bodyTimeoutMs, minPace: bodyPace }
      exchange.body = await readBody(request, { ...limits, signal: exchange.signal, account })
      account.complete()
    }
    exchange.completeAt = performance.now()
    return undefined
  }
}

const NOT_EXPECTED = new Problem('invalid_request', 400, 'The request does not fit its contract; see details.', {
  details: [{ path: 'body', message: 'None is expected here' }],
})

const JSON_TYPE = /^application\/([\w.!#$&^-]+\+)?json$/i
const CHARSET = /;\s*charset\s*=\s*"?([^";\s]*)/i

const unsupported = (message: string, headers = {}) => new Problem('unsupported_media_type', 415, message, { headers })

function whatIsUnsupported(headers: Exchange['headers']): Problem | undefined {
  const type = headers['content-type']?.[0] ?? ''
  if (!JSON_TYPE.test(type.split(';', 1)[0]?.trim() ?? '')) return unsupported('Send the body as application/json.')
  if (!/^utf-?8$/i.test(CHARSET.exec(type)?.[1] ?? 'utf-8'))
    return unsupported('JSON is always UTF-8; send no other charset.')
  const coding = headers['content-encoding']?.join() ?? 'identity'
  if (coding.toLowerCase() === 'identity') return undefined
  // RFC 9110, 12.5.3: so the caller knows that it is the coding, not the type.
  return unsupported('Send the body without a Content-Encoding.', { 'accept-encoding': 'identity' })
}
