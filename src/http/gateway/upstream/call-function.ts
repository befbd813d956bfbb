import type { Dispatcher } from 'undici'
import { longestMs, Problem } from '../../../contract/index.ts'
import {
  createRefusalLog,
  DELEGATION_HEADER,
  type IdentityRefusal,
  NOWHERE,
  POSITION_HEADER,
  readIdentityRefusal,
  SHADOW_HEADER,
  type SignOptions,
  withUnknownKey,
  writeDelegation,
} from '../../../protocol/index.ts'
import { MAX_IDENTITY_BYTES } from '../../header-limits.ts'
import { oncePerSecond } from '../../throttle-log.ts'
import type { GatewayDependencies } from '../dependencies.ts'
import { formatForwarded } from '../forwarded.ts'
import { toFunctionHeaders } from '../headers.ts'
import { type CallFailure, failureToProblem, findProxyError } from './call-failure.ts'
import { callUpstream } from './call-upstream.ts'
import type { CallObserver } from './guard-calls.ts'
import { judgeResponse } from './judge-call.ts'
import { type CallTwice, isCallFailure } from './retries.ts'
import { traceCall } from './trace-call.ts'
import { calledNameOf, type ResponseHeaders, type ResponseSink, type UpstreamRequest } from './upstream-request.ts'
import { addVia } from './via.ts'

/** For whom the gateway vouches: to the function, and to those that it calls. */
interface Vouched {
  readonly identity: string
  readonly delegation: string | undefined
}

type CallOutcome = Problem | CallFailure | IdentityRefusal | undefined

interface FunctionCallerOptions extends Pick<GatewayDependencies, 'sign' | 'upstream' | 'log'> {
  readonly retries: CallTwice
}

/**
 * Calls functions. A second attempt, with what is left of the time, follows where the connection broke, or with a new
 * signature where the function refused the first.
 */
export function createFunctionCaller({ sign, upstream, log, retries }: FunctionCallerOptions) {
  const { dispatcher, pools, retryDispatcher = dispatcher, locate, startTimeoutMs } = upstream
  const logRefusal = createRefusalLog(log)
  const warn = oncePerSecond((times: number, fields: object) =>
    log.warn({ ...fields, times }, 'the connection to a function failed before it responded; retrying once'),
  )
  const report = oncePerSecond((times: number, fields: object) =>
    log.error({ ...fields, times }, 'the connection to a function failed before it responded'),
  )

  return async function callFunction(
    request: UpstreamRequest,
    sink: ResponseSink,
    { responded, failed }: CallObserver,
  ): Promise<Problem | undefined> {
    const { route, correlationId } = request
    const { name, timeoutMs } = route
    const calls = request.callsNobody ? undefined : route.calls
    // A WebSocket lives as long as its timeout says; the answer to its request comes soon.
    const answerMs = route.upgrade ? Math.min(timeoutMs, HANDSHAKE_MS) : timeoutMs
    const signing = { waitMs: answerMs + startTimeoutMs }
    const vouchFor = async (again: Pick<SignOptions, 'fresh' | 'unknownKey'> = {}) => {
      const { unknownKey } = again
      const waitMs = longestMs(route) + startTimeoutMs
      const [identity, delegation] = await Promise.all([
        sign(request.caller, name, { ...signing, ...again }),
        calls && writeDelegation(sign, { caller: request.caller, via: name, calls }, { waitMs, unknownKey }),
      ])
      return { identity, delegation }
    }
    const vouched = await vouchFor()
    if (vouched.identity.length + (vouched.delegation?.length ?? 0) > MAX_IDENTITY_BYTES) return TOO_MANY_SCOPES
    // The caller's upload and the function's start do not count against the timeout; the gateway's own look-ups do.
    const remainingMs = Math.floor(timeoutMs - (performance.now() - request.bodyReceivedAt))
    if (remainingMs < 1) return DEADLINE_EXCEEDED
    const called = calledNameOf(request)
    const { origin, prefix } = locate(called)
    const { bodyStream } = request
    // The function responds after the upload, and sees to it that this goes on.
    const uploadMs = bodyStream ? longestMs(request.route) : 0
    const giveUpAt = performance.now() + Math.min(remainingMs, answerMs) + startTimeoutMs + uploadMs
    const quietMs = Math.max(remainingMs + startTimeoutMs, request.route.replyStream ? QUIET_MS : 0)
    const refuse = (status: number, headers: ResponseHeaders) => {
      responded(judgeResponse(route, status, headers))
      if (request.revision !== undefined) pools?.responded(called, request.revision)
      const failure = readIdentityRefusal(status, headers) ?? findProxyError(status, headers)
      if (failure instanceof Problem && failure.status !== status)
        log.warn({ err: failure.cause, function: name, correlationId }, 'a proxy answered instead of the function')
      return failure
    }
    const onBroken = (cause: Error) => {
      failed({ cause, sent: true })
      log.error({ err: cause, function: name, correlationId }, 'the connection to a function failed while it responded')
    }
    const attempt = async (dispatcher: Dispatcher, vouched: Vouched, remainingMs: number): Promise<CallOutcome> => {
      const waitMs = Math.ceil(giveUpAt - performance.now())
      if (waitMs < 1) return DEADLINE_EXCEEDED
      const { body, method } = request
      const target = { origin, method, path: `${prefix}${request.path}${request.query}` }
      return traceCall(request, target, (traceparent) => {
        const leftMs = route.upgrade ? remainingMs : Math.min(remainingMs, waitMs)
        const platform = platformHeaders(request, { ...vouched, traceparent, remainingMs: leftMs })
        const options: Dispatcher.DispatchOptions = {
          ...target,
          headers: toFunctionHeaders(request.headers, platform),
          body: bodyStream ?? (body.length > 0 ? body : null),
          ...(route.upgrade ? { upgrade: 'websocket' } : {}),
          // `waitMs` is exact, and covers the wait for a connection.
          headersTimeout: 0,
          bodyTimeout: quietMs,
        }
        return callUpstream(request, options, sink, { dispatcher, waitMs, refuse, onBroken })
      })
    }
    // A connection that becomes a WebSocket is kept by nobody.
    const kept = () =>
      route.upgrade ? retryDispatcher : (pools?.of({ name: called, scale: route.scale }, origin) ?? dispatcher)
    let outcome = await retries(request, {
      remainingMs,
      first: () => attempt(kept(), vouched, remainingMs),
      second: (leftMs, { cause }) => {
        warn({ err: cause, function: name, correlationId })
        return attempt(retryDispatcher, vouched, leftMs)
      },
    })
    if (isIdentityRefusal(outcome)) {
      logRefusal(name, outcome)
      const signed = await vouchFor({ fresh: true, unknownKey: withUnknownKey(outcome, vouched.identity) })
      if (bodyStream) return SIGNED_ANEW
      outcome = await attempt(kept(), signed, remainingMs)
    }
    if (isIdentityRefusal(outcome)) {
      logRefusal(name, outcome)
      return new Problem('bad_gateway', 502, 'The function rejected the signature of the gateway.')
    }
    if (outcome && request.respondedAt === undefined) failed(outcome)
    if (!isCallFailure(outcome)) return outcome
    report({ err: outcome.cause, function: name, correlationId })
    return failureToProblem(outcome)
  }
}

/** Three times as long as a function is quiet in the middle of a streamed reply, for which it sends heartbeats. */
const QUIET_MS = 45_000

const SIGNED_ANEW = new Problem('unavailable', 503, 'The function could not take this request; send it again.', {
  retryAfterSeconds: 1,
})
/** For the answer to a request to open a WebSocket. */
const HANDSHAKE_MS = 10_000

const DEADLINE_EXCEEDED = new Problem('deadline_exceeded', 504, 'The time for this request is over.')
const TOO_MANY_SCOPES = new Problem(
  'headers_too_large',
  431,
  'Your key has more scopes than fit into a request to a function; ask for one with fewer.',
)

const isIdentityRefusal = (outcome: CallOutcome): outcome is IdentityRefusal =>
  outcome !== undefined && 'reason' in outcome

function platformHeaders(
  { route, client, headers, position = NOWHERE, correlationId, httpVersion, bodyStream, isCopy }: UpstreamRequest,
  {
    identity,
    delegation,
    traceparent,
    remainingMs,
  }: Vouched & { readonly traceparent: string; readonly remainingMs: number },
) {
  const host = client.host ?? headers.host?.[0]
  return [
    ...['ebb-identity', identity, 'ebb-timeout-ms', String(remainingMs)],
    ...(delegation === undefined ? [] : [DELEGATION_HEADER, delegation]),
    ...(isCopy ? [SHADOW_HEADER, 'true'] : []),
    ...['x-correlation-id', correlationId, 'traceparent', traceparent],
    ...['x-forwarded-for', client.address, 'x-forwarded-proto', client.proto],
    ...(host === undefined ? [] : ['x-forwarded-host', host]),
    ...['forwarded', formatForwarded({ ...client, host }), 'via', addVia(headers.via, httpVersion)],
    // Also where there is none: a function reads from no replica where nobody would tell it of positions.
    ...(route.readOnly ? [POSITION_HEADER, position] : []),
    // As announced, so that a function can tell how much there is to come.
    ...(bodyStream && headers['content-length']?.[0] !== undefined
      ? ['content-length', headers['content-length'][0]]
      : []),
  ]
}
