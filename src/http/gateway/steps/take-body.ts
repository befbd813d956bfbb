import { Problem } from '../../../contract/index.ts'
import { bodyTooLarge, readBody } from '../../read-body.ts'
import { type GatewayContext, routeOf } from '../context.ts'
import type { GatewayLimits, GatewayMetrics } from '../dependencies.ts'
import type { Step } from '../pipeline.ts'

/**
 * Checks size and media type before it reads, and takes the bytes in, which the function will get as they are. They
 * count against the budget of all bodies until the request is answered.
 */
export function takeBody(
  bodies: BodyBudget,
  { bodyTimeoutMs, minBodyRate }: Pick<GatewayLimits, 'bodyTimeoutMs' | 'minBodyRate'>,
): Step {
  return async function takeBody(exchange) {
    const { request, response, headers } = exchange
    const { hasBody, maxBodyBytes } = routeOf(exchange)
    const declared = Number(request.headers['content-length'] ?? 0)
    if (declared > 0 || request.headers['transfer-encoding'] !== undefined) {
      if (!hasBody) return NOT_EXPECTED
      if (declared > maxBodyBytes) return bodyTooLarge(maxBodyBytes)
      const fault = findUnsupportedMedia(headers)
      if (fault) return fault
      if (headers.expect) response.writeContinue()
      const account = bodies.open(exchange.abort)
      response.once('close', account.close)
      const limits = { maxBytes: maxBodyBytes, timeoutMs: bodyTimeoutMs, minPace: minBodyRate }
      exchange.body = await readBody(request, { ...limits, signal: exchange.signal, account })
      account.complete()
    }
    exchange.bodyReceivedAt = performance.now()
    return undefined
  }
}

const NOT_EXPECTED = new Problem('invalid_request', 400, 'The request does not fit its contract; see details.', {
  details: [{ path: 'body', message: 'None is expected here' }],
})

const JSON_TYPE = /^application\/([\w.!#$&^-]+\+)?json$/i
const CHARSET = /;\s*charset\s*=\s*"?([^";\s]*)/i

const unsupported = (message: string, headers = {}) => new Problem('unsupported_media_type', 415, message, { headers })

function findUnsupportedMedia(headers: GatewayContext['headers']): Problem | undefined {
  const type = headers['content-type']?.[0] ?? ''
  if (!JSON_TYPE.test(type.split(';', 1)[0]?.trim() ?? '')) return unsupported('Send the body as application/json.')
  if (!/^utf-?8$/i.test(CHARSET.exec(type)?.[1] ?? 'utf-8'))
    return unsupported('JSON is always UTF-8; send no other charset.')
  const coding = headers['content-encoding']?.join() ?? 'identity'
  if (coding.toLowerCase() === 'identity') return undefined
  // RFC 9110, 12.5.3: so the caller knows that it is the coding, not the type.
  return unsupported('Send the body without a Content-Encoding.', { 'accept-encoding': 'identity' })
}

interface BodyAccount {
  /** Takes room for so many bytes more. Throws a Problem where there is none. */
  readonly reserve: (bytes: number) => void
  /** So many bytes more are there. */
  readonly received: (bytes: number) => void
  /** All of the body is there: from now on it is kept until `close`. */
  readonly complete: () => void
  /** Gives the room back. */
  readonly close: () => void
}

interface BodyBudget {
  /** Begins the account of one body; `giveUp` is called where others get its room, since it comes too slowly. */
  readonly open: (giveUp: (problem: Problem) => void) => BodyAccount
}

interface BodyBudgetOptions extends Pick<GatewayMetrics, 'shed'> {
  readonly maxBytes: number
}

interface IncomingBody {
  readonly abort: () => void
  readonly startedAt: number
  lastAt: number
  bytes: number
}

/** A body that comes slower than this, or not at all for some time, gives its room to others when that is short. */
const MIN_BYTES_PER_SECOND = 32 * 1024
const GRACE_MS = 1_000

/** Bounds the memory of all bodies that are not answered yet, those that are still coming included. */
export function createBodyBudget({ maxBytes, shed }: BodyBudgetOptions): BodyBudget {
  let heldBytes = 0
  /** The oldest first. */
  const arriving = new Set<IncomingBody>()

  function makeRoom(bytes: number) {
    const now = performance.now()
    for (const body of arriving) {
      const elapsedMs = now - body.startedAt
      if (heldBytes + bytes <= maxBytes || elapsedMs < GRACE_MS) return
      const isSlow = (body.bytes / elapsedMs) * 1_000 < MIN_BYTES_PER_SECOND
      if (isSlow || now - body.lastAt >= GRACE_MS) body.abort()
    }
  }

  return {
    open(giveUp) {
      const now = performance.now()
      let reservedBytes = 0
      const close = () => {
        arriving.delete(body)
        heldBytes -= reservedBytes
        reservedBytes = 0
      }
      const body: IncomingBody = {
        ...{ startedAt: now, lastAt: now, bytes: 0 },
        abort: () => {
          close()
          shed('bodies')
          giveUp(BUDGET_EXHAUSTED)
        },
      }
      arriving.add(body)
      const reserve = (bytes: number) => {
        if (heldBytes + bytes > maxBytes) makeRoom(bytes)
        if (heldBytes + bytes > maxBytes) {
          shed('bodies')
          throw BUDGET_EXHAUSTED
        }
        heldBytes += bytes
        reservedBytes += bytes
      }
      const received = (bytes: number) => {
        body.bytes += bytes
        body.lastAt = performance.now()
      }
      return { reserve, received, complete: () => void arriving.delete(body), close }
    },
  }
}

const BUDGET_EXHAUSTED = new Problem('unavailable', 503, 'Too many requests are being uploaded just now.', {
  ...{ retryAfterSeconds: 1, headers: { connection: 'close' } },
})
