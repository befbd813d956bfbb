import type { Dispatcher } from 'undici'
import { Problem } from '../../contract/index.ts'
import { createRefusalLog, type Refusal } from '../../kernel/index.ts'
import { IDENTITY_BYTES } from '../header-limits.ts'
import { onceASecond } from '../once-a-second.ts'
import { type BrokenCall, mayRepeat, toProblem } from './broken-call.ts'
import { type CallOutcome, callUpstream } from './call-upstream.ts'
import { type Exchange, routeOf } from './exchange.ts'
import { toFunction } from './headers.ts'
import type { GatewayLimits, GatewayPorts } from './ports.ts'

/**
 * Hands a request to its function and streams the answer through; once more, within the same time, where the first
 * connection broke and that does no harm, or with a new signature where the function refused ours. Returns a Problem
 * only where the function did not answer.
 */
export function createPassOn(
  { sign, upstream, log }: Pick<GatewayPorts, 'sign' | 'upstream' | 'log'>,
  { stallTimeoutMs }: Pick<GatewayLimits, 'stallTimeoutMs'>,
) {
  const { dispatcher, fresh = dispatcher, locate, startTimeoutMs } = upstream
  const logRefusal = createRefusalLog(log)
  const warn = onceASecond((times: number, fields: object) =>
    log.warn({ ...fields, times }, 'a call broke before its answer; made once more'),
  )
  const report = onceASecond((times: number, fields: object) => log.error({ ...fields, times }, 'a function broke off'))

  return async function passOn(exchange: Exchange): Promise<Problem | undefined> {
    const { name, timeoutMs } = routeOf(exchange)
    const signing = { waitMs: timeoutMs + startTimeoutMs }
    const identity = await sign(exchange.caller, name, signing)
    if (identity.length > IDENTITY_BYTES) return TOO_MANY_SCOPES
    // The caller's upload and the function's start are not on the function's account; our own look-ups are.
    const leftMs = Math.floor(timeoutMs - (performance.now() - exchange.completeAt))
    if (leftMs < 1) return OVER
    const { origin, prefix } = locate(name)
    const giveUpAt = performance.now() + leftMs + startTimeoutMs
    const { path, query, body, headers, correlationId } = exchange
    const call = async (by: Dispatcher, identity: string): Promise<CallOutcome> => {
      const waitMs = Math.ceil(giveUpAt - performance.now())
      if (waitMs < 1) return OVER
      const options: Dispatcher.DispatchOptions = {
        origin,
        path: `${prefix}${path}${query}`,
        method: exchange.request.method ?? '',
        headers: toFunction(headers, madeHeaders(exchange, identity, Math.min(leftMs, waitMs))),
        body: body.length > 0 ? body : null,
        // Ours is exact, and covers the wait for a connection.
        headersTimeout: 0,
        bodyTimeout: leftMs + startTimeoutMs,
      }
      return callUpstream(exchange, options, { dispatcher: by, waitMs, stallTimeoutMs, log })
    }
    let outcome = await call(dispatcher, identity)
    if (isBroken(outcome) && mayRepeat(outcome, exchange)) {
      warn({ err: outcome.cause, function: name, correlationId })
      outcome = await call(fresh, identity)
    } else if (isRefusal(outcome)) {
      logRefusal(name, outcome)
      outcome = await call(dispatcher, await sign(exchange.caller, name, { ...signing, anew: true }))
    }
    if (isRefusal(outcome)) {
      logRefusal(name, outcome)
      return new Problem('bad_gateway', 502, 'The gateway could not vouch for this request to its function.')
    }
    if (!isBroken(outcome)) return outcome
    report({ err: outcome.cause, function: name, correlationId })
    return toProblem(outcome)
  }
}

const OVER = new Problem('deadline_exceeded', 504, 'The time for this request is over.')
const TOO_MANY_SCOPES = new Problem(
  'headers_too_large',
  431,
  'Your key has more scopes than a function can be told; ask for one with fewer.',
)

const isBroken = (outcome: CallOutcome): outcome is BrokenCall => outcome !== undefined && 'sent' in outcome
const isRefusal = (outcome: CallOutcome): outcome is Refusal => outcome !== undefined && 'reason' in outcome

function madeHeaders({ client, headers, correlationId, traceparent }: Exchange, identity: string, leftMs: number) {
  const host = client.host ?? headers.host?.[0]
  return [
    ...['ebb-identity', identity, 'ebb-timeout-ms', String(leftMs)],
    ...['x-correlation-id', correlationId, 'traceparent', traceparent],
    ...['x-forwarded-for', client.address, 'x-forwarded-proto', client.proto],
    ...(host === undefined ? [] : ['x-forwarded-host', host]),
  ]
}
