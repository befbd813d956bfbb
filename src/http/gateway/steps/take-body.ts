import { Problem, type Route } from '../../../contract/index.ts'
import { readBody } from '../../read-body.ts'
import { bodyTooLarge, invalidRequest } from '../../request-problems.ts'
import { type GatewayContext, routeOf, type Step } from '../context.ts'
import type { GatewayLimits, GatewayMetrics } from '../dependencies.ts'
import { byRunning } from '../explanation.ts'
import { takeStream } from './take-stream.ts'

/**
 * Checks size and media type before it reads, and reads the raw bytes, which the function gets unchanged. They count
 * against the budget of all bodies until the response has been sent.
 */
export function takeBody(
  budget: BodyBudget,
  { bodyTimeoutMs, minBodyRate }: Pick<GatewayLimits, 'bodyTimeoutMs' | 'minBodyRate'>,
): Step {
  async function read(context: GatewayContext, maxBytes: number) {
    const { request, response } = context
    if (context.headers.expect) response.writeContinue()
    const account = budget.open(context.abort)
    response.once('close', account.close)
    const limits = { maxBytes, timeoutMs: bodyTimeoutMs, minRate: minBodyRate }
    context.body = await readBody(request, { ...limits, signal: context.signal, account })
    account.complete()
    context.bodyReceivedAt = performance.now()
    return undefined
  }
  const step: Step = function takeBody(context) {
    // An authorizer may have judged by it.
    if (context.bodyTaken) return undefined
    context.bodyTaken = true
    const { request, headers } = context
    const route = routeOf(context)
    const { hasBody, maxBodyBytes, upstream, bodyStream } = route
    const declaredBytes = Number(request.headers['content-length'] ?? 0)
    // A service behind a proxy gets only what is large, or may be, as it arrives.
    const isLarge = !upstream || declaredBytes > MAX_KEPT_BYTES || request.headers['transfer-encoding'] !== undefined
    if (bodyStream && isLarge)
      return takeStream(context, bodyStream, { minBodyRate, passesAll: upstream !== undefined })
    if (declaredBytes === 0 && request.headers['transfer-encoding'] === undefined) {
      context.bodyReceivedAt = performance.now()
      return undefined
    }
    if (!hasBody) return NOT_EXPECTED
    if (declaredBytes > maxBodyBytes) return bodyTooLarge(maxBodyBytes)
    // What a service takes, only it knows.
    const unsupported = upstream ? undefined : findUnsupportedMedia(headers, route)
    return unsupported ?? read(context, maxBodyBytes)
  }
  return byRunning(step, explainBody)
}

/** As much as any function gets as a whole. */
const MAX_KEPT_BYTES = 1024 * 1024

function explainBody(context: GatewayContext): string {
  const { hasBody, maxBodyBytes, bodyStream } = routeOf(context)
  const { length } = context.body
  if (bodyStream) return `The function gets the body as it comes, up to ${bodyStream.maxBytes} bytes.`
  if (length > 0) return `The body has ${length} of at most ${maxBodyBytes} bytes.`
  return `There is no body${hasBody ? '' : ', and the route takes none'}.`
}

const NOT_EXPECTED = invalidRequest([{ path: 'body', message: 'None is expected here' }])

const JSON_TYPE = /^application\/([\w.!#$&^-]+\+)?json$/i
const CHARSET = /;\s*charset\s*=\s*"?([^";\s]*)/i

function findUnsupportedMedia(
  headers: GatewayContext['headers'],
  { bodyTypes, method }: Pick<Route, 'bodyTypes' | 'method'>,
): Problem | undefined {
  const type = headers['content-type']?.[0] ?? ''
  const essence = type.split(';', 1)[0]?.trim() ?? ''
  if (bodyTypes ? !bodyTypes.includes(essence.toLowerCase()) : !JSON_TYPE.test(essence))
    return unsupportedType(bodyTypes ?? ['application/json'], method)
  if (!/^utf-?8$/i.test(CHARSET.exec(type)?.[1] ?? 'utf-8'))
    return unsupported('JSON is always UTF-8; send no other charset.')
  const coding = headers['content-encoding']?.join() ?? 'identity'
  if (coding.toLowerCase() === 'identity') return undefined
  // RFC 9110, 12.5.3: so the caller knows that it is the coding, not the type.
  return unsupported('Send the body without a Content-Encoding.', { 'accept-encoding': 'identity' })
}

/** RFC 5789, 3.1, and RFC 9110, 15.5.16. */
const unsupportedType = (types: readonly string[], method: string) =>
  unsupported(`Send the body as ${types.join(' or ')}.`, {
    [method === 'PATCH' ? 'accept-patch' : 'accept']: types.join(', '),
  })

const unsupported = (message: string, headers = {}) => new Problem('unsupported_media_type', 415, message, { headers })

export interface BodyBudget {
  /** Opens the account of one body; `abort` is called where the body is too slow and others need its memory. */
  readonly open: (abort: (problem: Problem) => void) => BodyAccount
}

export interface BodyAccount {
  /** Reserves memory for more bytes. Throws a Problem where the budget is exhausted. */
  readonly reserve: (bytes: number) => void
  /** Records that more bytes have arrived. */
  readonly received: (bytes: number) => void
  /** The whole body has arrived: from now on its memory is reserved until `close`. */
  readonly complete: () => void
  /** Releases the memory. */
  readonly close: () => void
}

interface IncomingBody {
  readonly abort: () => void
  readonly startedAt: number
  lastChunkAt: number
  bytes: number
}

/** A body that arrives more slowly than this, or not at all for the grace period, is aborted when memory is short. */
const MIN_BYTES_PER_SECOND = 32 * 1024
const GRACE_MS = 1_000

interface BodyBudgetOptions extends Pick<GatewayMetrics, 'shed'> {
  readonly maxBytes: number
}

/** Limits the memory of all bodies whose requests are not answered yet, those that are still arriving included. */
export function createBodyBudget({ maxBytes, shed }: BodyBudgetOptions): BodyBudget {
  let totalBytes = 0
  /** The oldest first. */
  const incoming = new Set<IncomingBody>()

  function abortSlowBodies(neededBytes: number) {
    const now = performance.now()
    for (const body of incoming) {
      const elapsedMs = now - body.startedAt
      if (totalBytes + neededBytes <= maxBytes || elapsedMs < GRACE_MS) return
      const isSlow = (body.bytes / elapsedMs) * 1_000 < MIN_BYTES_PER_SECOND
      if (isSlow || now - body.lastChunkAt >= GRACE_MS) body.abort()
    }
  }

  return {
    open(abort) {
      const now = performance.now()
      let reservedBytes = 0
      const close = () => {
        incoming.delete(body)
        totalBytes -= reservedBytes
        reservedBytes = 0
      }
      const body: IncomingBody = {
        ...{ startedAt: now, lastChunkAt: now, bytes: 0 },
        abort: () => {
          close()
          shed('bodies')
          abort(BUDGET_EXHAUSTED)
        },
      }
      incoming.add(body)
      const reserve = (bytes: number) => {
        if (totalBytes + bytes > maxBytes) abortSlowBodies(bytes)
        if (totalBytes + bytes > maxBytes) {
          shed('bodies')
          throw BUDGET_EXHAUSTED
        }
        totalBytes += bytes
        reservedBytes += bytes
      }
      const received = (bytes: number) => {
        body.bytes += bytes
        body.lastChunkAt = performance.now()
      }
      return { reserve, received, complete: () => void incoming.delete(body), close }
    },
  }
}

const BUDGET_EXHAUSTED = new Problem('unavailable', 503, 'Too many requests are being uploaded; retry later.', {
  ...{ retryAfterSeconds: 1, headers: { connection: 'close' } },
})
