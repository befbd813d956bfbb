import { Problem } from '../../../contract/index.ts'
import { type Exchange, routeOf } from '../exchange.ts'
import type { Step } from '../pipeline.ts'
import type { GatewayLimits } from '../ports.ts'

/** Checks size and media type before it reads, and takes the bytes in, which the function will get as they are. */
export function takeBody({ bodyTimeoutMs }: Pick<GatewayLimits, 'bodyTimeoutMs'>): Step {
  return async function takeBody(exchange) {
    const { request, response, headers } = exchange
    const { hasBody, maxBodyBytes } = routeOf(exchange)
    const declared = Number(request.headers['content-length'] ?? 0)
    if (declared > 0 || request.headers['transfer-encoding'] !== undefined) {
      if (!hasBody) return NOT_EXPECTED
      if (declared > maxBodyBytes) return tooLarge(maxBodyBytes)
      const fault = whatIsUnsupported(headers)
      if (fault) return new Problem('unsupported_media_type', 415, fault)
      if (headers.expect) response.writeContinue()
      exchange.body = await readAll(exchange, maxBodyBytes, bodyTimeoutMs)
    }
    exchange.completeAt = performance.now()
    return undefined
  }
}

const NOT_EXPECTED = new Problem('invalid_request', 400, 'The request does not fit its contract; see details.', {
  details: [{ path: 'body', message: 'None is expected here' }],
})

const tooLarge = (maxBodyBytes: number) =>
  new Problem('payload_too_large', 413, `The body may have at most ${maxBodyBytes} bytes.`)

const JSON_TYPE = /^application\/([\w.!#$&^-]+\+)?json$/i
const CHARSET = /;\s*charset\s*=\s*"?([^";\s]*)/i

function whatIsUnsupported(headers: Exchange['headers']): string | undefined {
  const type = headers['content-type']?.[0] ?? ''
  if (!JSON_TYPE.test(type.split(';', 1)[0]?.trim() ?? '')) return 'Send the body as application/json.'
  if (!/^utf-?8$/i.test(CHARSET.exec(type)?.[1] ?? 'utf-8')) return 'JSON is always UTF-8; send no other charset.'
  const coding = headers['content-encoding']?.join() ?? 'identity'
  return coding.toLowerCase() === 'identity' ? undefined : 'Send the body without a Content-Encoding.'
}

/** Rejects with a Problem where the body is too large or too slow, or its rest cannot be had. */
function readAll({ request, signal }: Exchange, maxBodyBytes: number, limitMs: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const settle = (act: () => void) => {
      clearTimeout(limit)
      request.off('data', take).off('end', finish).off('error', fail)
      signal.removeEventListener('abort', fail)
      act()
    }
    const take = (chunk: Buffer) => {
      bytes += chunk.length
      chunks.push(chunk)
      if (bytes > maxBodyBytes) settle(() => reject(tooLarge(maxBodyBytes)))
    }
    const finish = () => settle(() => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)))
    const fail = () => settle(() => reject(signal.reason ?? new Problem('caller_gone', 499, 'The body broke off.')))
    const limit = setTimeout(() => settle(() => reject(tooSlow(limitMs))), limitMs)
    request.on('data', take).on('end', finish).on('error', fail)
    signal.addEventListener('abort', fail)
  })
}

const tooSlow = (limitMs: number) =>
  new Problem('request_timeout', 408, `The body did not arrive within ${limitMs / 1_000} s.`, {
    headers: { connection: 'close' },
  })
