import type { Dispatcher } from 'undici'
import { Problem } from '../../contract/index.ts'
import { type IdentityRefusal, readIdentityRefusal } from '../../protocol/index.ts'
import { type GatewayContext, routeOf } from './context.ts'
import type { GatewayDependencies } from './dependencies.ts'
import { toClientHeaders } from './headers.ts'

interface CallOptions {
  readonly dispatcher: Dispatcher
  /** Until the headers of the answer are there. */
  readonly waitMs: number
  /** How long the caller may leave the answer untouched. */
  readonly stallTimeoutMs: number
  readonly log: GatewayDependencies['log']
}

/**
 * What came of a call: undefined where its answer is through; what broke before an answer began; the function's refusal
 * of our signature; or a Problem, for the caller.
 */
export type CallOutcome = Problem | CallFailure | IdentityRefusal | undefined

/**
 * Sends one request and streams its answer to the caller, no faster than the caller reads. An answer that breaks off
 * breaks the caller's connection.
 */
export function callUpstream(
  exchange: GatewayContext,
  options: Dispatcher.DispatchOptions,
  { dispatcher, waitMs, stallTimeoutMs, log }: CallOptions,
): Promise<CallOutcome> {
  const { response, signal, correlationId, route } = exchange
  if (signal.aborted) return Promise.resolve(signal.reason)
  exchange.invoked = true
  return new Promise((resolve) => {
    let control: Dispatcher.DispatchController | undefined
    let ended = false
    const end = (outcome?: CallOutcome) => {
      if (ended) return
      ended = true
      clearTimeout(limit)
      signal.removeEventListener('abort', hangUp)
      resolve(outcome)
      if (outcome instanceof Problem) control?.abort(outcome)
    }
    const hangUp = () => end(signal.reason)
    const limit = setTimeout(() => end(control ? timedOut() : unreachable()), waitMs)
    signal.addEventListener('abort', hangUp)
    dispatcher.dispatch(options, {
      onRequestStart: (controller) => {
        control = controller
        if (ended) controller.abort(timedOut())
      },
      onResponseStart: (controller, status, headers) => {
        if (status < 200) return
        clearTimeout(limit)
        exchange.respondedAt = performance.now()
        exchange.revision = headers['ebb-revision']?.toString()
        exchange.cold = headers['ebb-cold'] !== undefined && headers['ebb-cold'] !== 'false'
        const noAnswer = readIdentityRefusal(status, headers) ?? findProxyError(status, headers)
        if (noAnswer instanceof Problem && noAnswer.status !== status)
          log.warn({ err: noAnswer.cause, function: route?.name, correlationId }, 'a function did not get its request')
        if (noAnswer) return end(noAnswer)
        response.writeHead(status, [
          ...toClientHeaders(headers, exchange.responseHeaders),
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
        exchange.bytes += chunk.length
        if (response.write(chunk)) return
        response.setTimeout(stallTimeoutMs)
        controller.pause()
      },
      onResponseEnd: () => {
        if (!ended) response.setTimeout(stallTimeoutMs).end()
        end()
      },
      onResponseError: (_controller, fault) => {
        if (ended) return
        if (!response.headersSent) return end({ cause: fault, sent: control !== undefined })
        log.error({ err: fault, function: route?.name, correlationId }, 'a function broke off')
        end()
        response.destroy()
      },
    })
  })
}

const timedOut = () => new Problem('deadline_exceeded', 504, 'The function did not answer in time.')

const UNAVAILABLE = ['unavailable', 503] as const
/** What callers hear instead. A function that is not there yet (404) and a proxy with too much to do (429) both pass. */
const REWRITTEN_STATUSES: Readonly<Record<number, readonly [code: string, status: number]>> = {
  ...{ 404: UNAVAILABLE, 429: UNAVAILABLE, 503: UNAVAILABLE, 504: ['deadline_exceeded', 504] },
}

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2]

/**
 * What stands between us and the function says so in its own words, and so does the function's server where a request
 * comes to no step of its way: no verdict on the request. An answer of the function itself has a revision.
 */
function findProxyError(given: number, headers: Headers): Problem | undefined {
  if (given < 400 || headers['ebb-revision'] !== undefined) return undefined
  if (given >= 500 && String(headers['content-type']).startsWith('application/problem+json')) return undefined
  const [code, status] = REWRITTEN_STATUSES[given] ?? ['bad_gateway', 502]
  const retryAfter = headers['retry-after']
  return new Problem(code, status, 'The function cannot be reached just now.', {
    headers: typeof retryAfter === 'string' ? { 'retry-after': retryAfter } : {},
    cause: new Error(`what stands before the function answered ${given}`),
  })
}

/** A call of a function that broke before its answer began. */
export interface CallFailure {
  readonly cause: Error
  /** Whether any of the request may have got there; never where there was no connection. */
  readonly sent: boolean
}

const RETRY_AFTER_SECONDS = 2
/** How a connection ends of which the other side wants to know no more. */
const CLOSED_CODES = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Whether a call that broke may be made again, unseen by its caller: where nothing was sent, or where the connection was
 * closed and twice is as good as once. The body is in memory, and can be sent as often as need be.
 */
export function canRetry({ sent, cause }: CallFailure, exchange: GatewayContext): boolean {
  if (!sent) return true
  if (!('code' in cause && CLOSED_CODES.has(String(cause.code)))) return false
  const hasKey = routeOf(exchange).idempotent && exchange.headers['idempotency-key'] !== undefined
  return hasKey || SAFE_METHODS.has(exchange.request.method ?? '')
}

/** What callers hear of a call that broke. */
export const failureToProblem = ({ sent, cause }: CallFailure): Problem =>
  sent ? new Problem('bad_gateway', 502, 'The function broke off before it answered.', { cause }) : unreachable(cause)

/** Nothing of the request got there, so that whoever sends it later loses nothing. */
const unreachable = (cause?: unknown): Problem =>
  new Problem('unavailable', 503, 'The function cannot be reached just now.', {
    ...{ cause, retryAfterSeconds: RETRY_AFTER_SECONDS },
  })
