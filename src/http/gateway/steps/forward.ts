import type { Dispatcher } from 'undici'
import { Problem } from '../../../contract/index.ts'
import { createRefusalLog, type IdentityRefusal, withUnknownKey } from '../../../protocol/index.ts'
import { MAX_IDENTITY_BYTES } from '../../header-limits.ts'
import { oncePerSecond } from '../../throttle-log.ts'
import { type CallFailure, type CallOutcome, callUpstream, canRetry, failureToProblem } from '../call-upstream.ts'
import { type GatewayContext, routeOf, type Step } from '../context.ts'
import type { GatewayDependencies, GatewayLimits } from '../dependencies.ts'
import { formatForwarded } from '../forwarded.ts'
import { createFunctionLimits } from '../function-limits.ts'
import { toFunctionHeaders } from '../headers.ts'

/** Forwards the request to its function, or refuses it at once where the function is overloaded. */
export function forward(
  { metrics, ...dependencies }: Pick<GatewayDependencies, 'sign' | 'upstream' | 'metrics' | 'log'>,
  limits: Pick<GatewayLimits, 'stallTimeoutMs'>,
): Step {
  const callFunction = createFunctionCaller(dependencies, limits)
  const { acquire } = createFunctionLimits()
  return async function forward(context) {
    const slot = acquire(routeOf(context))
    if (!slot) {
      metrics.shed('function')
      return OVERLOADED
    }
    const { response, signal } = context
    const startedAt = performance.now()
    response.once('close', () => {
      if (signal.aborted) return slot.release()
      const durationMs = (context.respondedAt ?? performance.now()) - startedAt
      slot.release({ status: response.statusCode, durationMs, cold: context.cold === true })
    })
    return callFunction(context)
  }
}

const OVERLOADED = new Problem('unavailable', 503, 'The function is overloaded; retry later.', {
  retryAfterSeconds: 1,
})

/**
 * Calls the function and streams its response through. A second attempt, within the same deadline, follows where the
 * connection broke and `canRetry` allows it, or with a new signature where the function refused the first. Returns a
 * Problem only where the function did not respond.
 */
function createFunctionCaller(
  { sign, upstream, log }: Pick<GatewayDependencies, 'sign' | 'upstream' | 'log'>,
  { stallTimeoutMs }: Pick<GatewayLimits, 'stallTimeoutMs'>,
) {
  const { dispatcher, retryDispatcher = dispatcher, locate, startTimeoutMs } = upstream
  const logRefusal = createRefusalLog(log)
  const warn = oncePerSecond((times: number, fields: object) =>
    log.warn({ ...fields, times }, 'the connection to a function failed before it responded; retrying once'),
  )
  const report = oncePerSecond((times: number, fields: object) =>
    log.error({ ...fields, times }, 'the connection to a function failed before it responded'),
  )

  return async function callFunction(context: GatewayContext): Promise<Problem | undefined> {
    const { name, timeoutMs } = routeOf(context)
    const signing = { waitMs: timeoutMs + startTimeoutMs }
    const identity = await sign(context.caller, name, signing)
    if (identity.length > MAX_IDENTITY_BYTES) return TOO_MANY_SCOPES
    // The caller's upload and the function's start do not count against the timeout; the gateway's own look-ups do.
    const remainingMs = Math.floor(timeoutMs - (performance.now() - context.bodyReceivedAt))
    if (remainingMs < 1) return DEADLINE_EXCEEDED
    const { origin, prefix } = locate(name)
    const giveUpAt = performance.now() + remainingMs + startTimeoutMs
    const { path, query, body, headers, correlationId } = context
    const attempt = async (dispatcher: Dispatcher, identity: string): Promise<CallOutcome> => {
      const waitMs = Math.ceil(giveUpAt - performance.now())
      if (waitMs < 1) return DEADLINE_EXCEEDED
      const options: Dispatcher.DispatchOptions = {
        origin,
        path: `${prefix}${path}${query}`,
        method: context.request.method ?? '',
        headers: toFunctionHeaders(headers, platformHeaders(context, identity, Math.min(remainingMs, waitMs))),
        body: body.length > 0 ? body : null,
        // `waitMs` is exact, and covers the wait for a connection.
        headersTimeout: 0,
        bodyTimeout: remainingMs + startTimeoutMs,
      }
      return callUpstream(context, options, { dispatcher, waitMs, stallTimeoutMs, log })
    }
    let outcome = await attempt(dispatcher, identity)
    if (isCallFailure(outcome) && canRetry(outcome, context)) {
      warn({ err: outcome.cause, function: name, correlationId })
      outcome = await attempt(retryDispatcher, identity)
    } else if (isIdentityRefusal(outcome)) {
      logRefusal(name, outcome)
      const again = { ...signing, fresh: true, unknownKey: withUnknownKey(outcome, identity) }
      outcome = await attempt(dispatcher, await sign(context.caller, name, again))
    }
    if (isIdentityRefusal(outcome)) {
      logRefusal(name, outcome)
      return new Problem('bad_gateway', 502, 'The function rejected the signature of the gateway.')
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
  'Your key has more scopes than fit into a request to a function; ask for one with fewer.',
)

const isCallFailure = (outcome: CallOutcome): outcome is CallFailure => outcome !== undefined && 'sent' in outcome
const isIdentityRefusal = (outcome: CallOutcome): outcome is IdentityRefusal =>
  outcome !== undefined && 'reason' in outcome

function platformHeaders(
  { client, headers, correlationId, traceparent }: GatewayContext,
  identity: string,
  remainingMs: number,
) {
  const host = client.host ?? headers.host?.[0]
  return [
    ...['ebb-identity', identity, 'ebb-timeout-ms', String(remainingMs)],
    ...['x-correlation-id', correlationId, 'traceparent', traceparent],
    ...['x-forwarded-for', client.address, 'x-forwarded-proto', client.proto],
    ...(host === undefined ? [] : ['x-forwarded-host', host]),
    ...['forwarded', formatForwarded({ ...client, host })],
  ]
}
