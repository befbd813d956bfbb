import type { Dispatcher } from 'undici'
import { Problem } from '../../contract/index.ts'
import { type IdentityRefusal, readIdentityRefusal } from '../../protocol/index.ts'
import { type GatewayContext, routeOf } from './context.ts'
import type { GatewayDependencies } from './dependencies.ts'
import { toClientHeaders } from './headers.ts'

interface CallOptions {
  readonly dispatcher: Dispatcher
  /** Until the headers of the response arrive. */
  readonly waitMs: number
  /** How long the caller may leave the response unread. */
  readonly stallTimeoutMs: number
  readonly log: GatewayDependencies['log']
}

/**
 * The outcome of a call: undefined where the response was sent to the caller; a failure before the response began; the
 * function's refusal of the gateway's signature; or a Problem for the caller.
 */
export type CallOutcome = Problem | CallFailure | IdentityRefusal | undefined

/**
 * Sends one request and streams the response to the caller, no faster than the caller reads. A response that breaks off
 * breaks the caller's connection.
 */
export function callUpstream(
  context: GatewayContext,
  options: Dispatcher.DispatchOptions,
  { dispatcher, waitMs, stallTimeoutMs, log }: CallOptions,
): Promise<CallOutcome> {
  const { response, signal, correlationId, route } = context
  if (signal.aborted) return Promise.resolve(signal.reason)
  context.invoked = true
  return new Promise((resolve) => {
    let controller: Dispatcher.DispatchController | undefined
    let ended = false
    const end = (outcome?: CallOutcome) => {
      if (ended) return
      ended = true
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      resolve(outcome)
      if (outcome instanceof Problem) controller?.abort(outcome)
    }
    const onAbort = () => end(signal.reason)
    const timer = setTimeout(() => end(controller ? timedOut() : unreachable()), waitMs)
    signal.addEventListener('abort', onAbort)
    dispatcher.dispatch(options, {
      onRequestStart: (started) => {
        controller = started
        if (ended) started.abort(timedOut())
      },
      onResponseStart: (controller, status, headers) => {
        if (status < 200) return
        clearTimeout(timer)
        context.respondedAt = performance.now()
        context.revision = headers['ebb-revision']?.toString()
        context.cold = headers['ebb-cold'] !== undefined && headers['ebb-cold'] !== 'false'
        const failure = readIdentityRefusal(status, headers) ?? findProxyError(status, headers)
        if (failure instanceof Problem && failure.status !== status)
          log.warn(
            { err: failure.cause, function: route?.name, correlationId },
            'a proxy answered instead of the function',
          )
        if (failure) return end(failure)
        response.writeHead(status, [
          ...toClientHeaders(headers, context.responseHeaders),
          'x-correlation-id',
          correlationId,
        ])
        response.on('drain', () => {
          response.setTimeout(0)
          controller.resume()
        })
      },
      onResponseData: (controller, chunk) => {
        if (ended) return
        context.bytes += chunk.length
        if (response.write(chunk)) return
        response.setTimeout(stallTimeoutMs)
        controller.pause()
      },
      onResponseEnd: () => {
        if (!ended) response.setTimeout(stallTimeoutMs).end()
        end()
      },
      onResponseError: (_controller, error) => {
        if (ended) return
        if (!response.headersSent) return end({ cause: error, sent: controller !== undefined })
        log.error(
          { err: error, function: route?.name, correlationId },
          'the connection to a function failed while it responded',
        )
        end()
        response.destroy()
      },
    })
  })
}

const timedOut = () => new Problem('deadline_exceeded', 504, 'The function did not answer in time.')

const UNAVAILABLE = ['unavailable', 503] as const
/** What callers get instead. A function that is not deployed yet (404) and an overloaded proxy (429) are both transient. */
const REWRITTEN_STATUSES: Readonly<Record<number, readonly [code: string, status: number]>> = {
  ...{ 404: UNAVAILABLE, 429: UNAVAILABLE, 503: UNAVAILABLE, 504: ['deadline_exceeded', 504] },
}

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2]

/**
 * Recognises an error of a proxy in front of the function, or of the function's HTTP server before its first middleware:
 * neither says anything about the request. Every response of the function itself has a revision.
 */
function findProxyError(upstreamStatus: number, headers: Headers): Problem | undefined {
  if (upstreamStatus < 400 || headers['ebb-revision'] !== undefined) return undefined
  if (upstreamStatus >= 500 && String(headers['content-type']).startsWith('application/problem+json')) return undefined
  const [code, status] = REWRITTEN_STATUSES[upstreamStatus] ?? ['bad_gateway', 502]
  const retryAfter = headers['retry-after']
  return new Problem(code, status, 'The function cannot be reached.', {
    headers: typeof retryAfter === 'string' ? { 'retry-after': retryAfter } : {},
    cause: new Error(`a proxy in front of the function answered ${upstreamStatus}`),
  })
}

/** A call that broke before the function's response began. */
export interface CallFailure {
  readonly cause: Error
  /** Whether any of the request may have arrived; false where there was no connection. */
  readonly sent: boolean
}

const RETRY_AFTER_SECONDS = 2
/** Error codes of a connection that the other side has closed. */
const CLOSED_CODES = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Whether a broken call can be retried without its caller noticing: where nothing was sent, or where the connection was
 * closed and the request is safe or has an Idempotency-Key. The body is in memory, and can be sent again.
 */
export function canRetry({ sent, cause }: CallFailure, context: GatewayContext): boolean {
  if (!sent) return true
  if (!('code' in cause && CLOSED_CODES.has(String(cause.code)))) return false
  const hasKey = routeOf(context).idempotent && context.headers['idempotency-key'] !== undefined
  return hasKey || SAFE_METHODS.has(context.request.method ?? '')
}

/** What callers get for a call that broke. */
export const failureToProblem = ({ sent, cause }: CallFailure): Problem =>
  sent
    ? new Problem('bad_gateway', 502, 'The connection to the function failed before it responded.', { cause })
    : unreachable(cause)

/** Nothing of the request arrived, so that it can be sent again later. */
const unreachable = (cause?: unknown): Problem =>
  new Problem('unavailable', 503, 'The function cannot be reached.', {
    ...{ cause, retryAfterSeconds: RETRY_AFTER_SECONDS },
  })
