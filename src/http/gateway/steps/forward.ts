import type { Dispatcher } from 'undici'
import { Problem } from '../../../contract/index.ts'
import { createRefusalLog, type IdentityRefusal } from '../../../protocol/index.ts'
import { MAX_IDENTITY_BYTES } from '../../request-parts.ts'
import { oncePerSecond } from '../../throttle-log.ts'
import { type CallFailure, type CallOutcome, callUpstream, canRetry, failureToProblem } from '../call-upstream.ts'
import { type GatewayContext, routeOf } from '../context.ts'
import type { GatewayDependencies, GatewayLimits } from '../dependencies.ts'
import { createFunctionLimits } from '../function-limits.ts'
import { toFunctionHeaders } from '../headers.ts'
import type { Step } from '../pipeline.ts'

/** Hands the request to its function, or answers at once where that has more to do than it can. */
export function forward(
  { metrics, ...ports }: Pick<GatewayDependencies, 'sign' | 'upstream' | 'metrics' | 'log'>,
  limits: Pick<GatewayLimits, 'stallTimeoutMs'>,
): Step {
  const passOn = createForwarder(ports, limits)
  const { acquire } = createFunctionLimits()
  return async function forward(exchange) {
    const place = acquire(routeOf(exchange))
    if (!place) {
      metrics.shed('function')
      exchange.shortCircuitReason = OVERLOADED.code
      return OVERLOADED
    }
    const { response, signal } = exchange
    const enteredAt = performance.now()
    response.once('close', () => {
      if (signal.aborted) return place.release()
      const durationMs = (exchange.respondedAt ?? performance.now()) - enteredAt
      place.release({ status: response.statusCode, durationMs, cold: exchange.cold === true })
    })
    return passOn(exchange)
  }
}

const OVERLOADED = new Problem('unavailable', 503, 'The function has more to do than it can just now.', {
  retryAfterSeconds: 1,
})

/**
 * Hands a request to its function and streams the answer through; once more, within the same time, where the first
 * connection broke and that does no harm, or with a new signature where the function refused ours. Returns a Problem
 * only where the function did not answer.
 */
function createForwarder(
  { sign, upstream, log }: Pick<GatewayDependencies, 'sign' | 'upstream' | 'log'>,
  { stallTimeoutMs }: Pick<GatewayLimits, 'stallTimeoutMs'>,
) {
  const { dispatcher, retryDispatcher = dispatcher, locate, startTimeoutMs } = upstream
  const logRefusal = createRefusalLog(log)
  const warn = oncePerSecond((times: number, fields: object) =>
    log.warn({ ...fields, times }, 'a call broke before its answer; made once more'),
  )
  const report = oncePerSecond((times: number, fields: object) =>
    log.error({ ...fields, times }, 'a function broke off'),
  )

  return async function passOn(exchange: GatewayContext): Promise<Problem | undefined> {
    const { name, timeoutMs } = routeOf(exchange)
    const signing = { waitMs: timeoutMs + startTimeoutMs }
    const identity = await sign(exchange.caller, name, signing)
    if (identity.length > MAX_IDENTITY_BYTES) return TOO_MANY_SCOPES
    // The caller's upload and the function's start are not on the function's account; our own look-ups are.
    const leftMs = Math.floor(timeoutMs - (performance.now() - exchange.bodyReceivedAt))
    if (leftMs < 1) return DEADLINE_EXCEEDED
    const { origin, prefix } = locate(name)
    const giveUpAt = performance.now() + leftMs + startTimeoutMs
    const { path, query, body, headers, correlationId } = exchange
    const call = async (by: Dispatcher, identity: string): Promise<CallOutcome> => {
      const waitMs = Math.ceil(giveUpAt - performance.now())
      if (waitMs < 1) return DEADLINE_EXCEEDED
      const options: Dispatcher.DispatchOptions = {
        origin,
        path: `${prefix}${path}${query}`,
        method: exchange.request.method ?? '',
        headers: toFunctionHeaders(headers, platformHeaders(exchange, identity, Math.min(leftMs, waitMs))),
        body: body.length > 0 ? body : null,
        // Ours is exact, and covers the wait for a connection.
        headersTimeout: 0,
        bodyTimeout: leftMs + startTimeoutMs,
      }
      return callUpstream(exchange, options, { dispatcher: by, waitMs, stallTimeoutMs, log })
    }
    let outcome = await call(dispatcher, identity)
    if (isCallFailure(outcome) && canRetry(outcome, exchange)) {
      warn({ err: outcome.cause, function: name, correlationId })
      outcome = await call(retryDispatcher, identity)
    } else if (isIdentityRefusal(outcome)) {
      logRefusal(name, outcome)
      outcome = await call(dispatcher, await sign(exchange.caller, name, { ...signing, fresh: true }))
    }
    if (isIdentityRefusal(outcome)) {
      logRefusal(name, outcome)
      return new Problem('bad_gateway', 502, 'The gateway could not vouch for this request to its function.')
    }
    if (!isCallFailure(outcome)) return outcome
    report({ err: outcome.cause, function: name, correlationId })
    return failureToProblem(outcome)
  }
}

const DEADLINE_EXCEEDED = new Problem('deadline_exceeded', 504, 'The time for this request is over.')
const TOO_MANY_SCOPES = new Problem(
  'headers_too_large',
  431,
  'Your key has more scopes than a function can be told; ask for one with fewer.',
)

const isCallFailure = (outcome: CallOutcome): outcome is CallFailure => outcome !== undefined && 'sent' in outcome
const isIdentityRefusal = (outcome: CallOutcome): outcome is IdentityRefusal =>
  outcome !== undefined && 'reason' in outcome

function platformHeaders(
  { client, headers, correlationId, traceparent }: GatewayContext,
  identity: string,
  leftMs: number,
) {
  const host = client.host ?? headers.host?.[0]
  return [
    ...['ebb-identity', identity, 'ebb-timeout-ms', String(leftMs)],
    ...['x-correlation-id', correlationId, 'traceparent', traceparent],
    ...['x-forwarded-for', client.address, 'x-forwarded-proto', client.proto],
    ...(host === undefined ? [] : ['x-forwarded-host', host]),
  ]
}
