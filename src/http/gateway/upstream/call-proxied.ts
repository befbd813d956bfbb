import type { Dispatcher } from 'undici'
import { longestMs, Problem, type ProxiedAddress } from '../../../contract/index.ts'
import { MAX_IDENTITY_BYTES } from '../../header-limits.ts'
import { oncePerSecond } from '../../throttle-log.ts'
import type { GatewayDependencies } from '../dependencies.ts'
import type { CallFailure } from './call-failure.ts'
import { callUpstream } from './call-upstream.ts'
import type { CallObserver } from './guard-calls.ts'
import { judgeResponse } from './judge-call.ts'
import { type CallTwice, isCallFailure } from './retries.ts'
import { rewriteResponse } from './rewrite-response.ts'
import { toServiceHeaders } from './service-headers.ts'
import { traceCall } from './trace-call.ts'
import type { ResponseHeaders, ResponseSink, UpstreamRequest } from './upstream-request.ts'
import { findLoop } from './via.ts'

/** How long a service may be silent within a response, at least. */
const SILENCE_MS = 60_000

interface ProxyCallerOptions extends Pick<GatewayDependencies, 'sign' | 'upstream' | 'log'> {
  readonly retries: CallTwice
}

/**
 * Calls the services behind proxies. Whatever status a service answers with is its answer. A second attempt, within the same
 * time, follows where nothing of the first arrived, or where its connection was closed and the request is safe.
 */
export function createProxyCaller({ sign, upstream, log, retries }: ProxyCallerOptions) {
  const { dispatcher, pools, retryDispatcher = dispatcher, services = {} } = upstream
  const report = oncePerSecond((times: number, fields: object) =>
    log.error({ ...fields, times }, 'the connection to a service failed before it responded'),
  )

  return async function callProxied(
    request: UpstreamRequest,
    sink: ResponseSink,
    { responded, failed }: CallObserver,
  ): Promise<Problem | undefined> {
    const { route, correlationId } = request
    const { name, timeoutMs, upstream: service } = route
    if (!service) throw new Error(`${name} is no proxy`)
    const loop = findLoop(request.headers.via)
    if (loop) return loop
    const identity = service.identity === 'none' ? undefined : await sign(request.caller, name, { waitMs: timeoutMs })
    if (identity !== undefined && identity.length > MAX_IDENTITY_BYTES) return TOO_MANY_SCOPES
    const address = services[name] ?? service
    const { body, bodyStream } = request
    // The service responds after the upload.
    const giveUpAt = request.bodyReceivedAt + timeoutMs + (bodyStream ? longestMs(route) : 0)
    const target = {
      ...{ origin: address.origin, path: toServicePath(request, address, service.stripped), method: request.method },
    }
    const options = {
      ...target,
      body: bodyStream ?? (body.length > 0 ? body : null),
      // `waitMs` is exact, and covers the wait for a connection.
      headersTimeout: 0,
      bodyTimeout: Math.max(timeoutMs, SILENCE_MS),
    }
    const publicHost = request.client.host ?? request.headers.host?.[0]
    const mapping = { ...address, stripped: service.stripped, preservesHost: service.preservesHost, publicHost }
    const rewriting = mapHeaders(sink, (headers) => rewriteResponse(headers, mapping))
    const attempt = async (dispatcher: Dispatcher): Promise<Problem | CallFailure | undefined> => {
      const waitMs = Math.ceil(giveUpAt - performance.now())
      if (waitMs < 1) return TIMED_OUT
      return traceCall(request, target, (traceparent) => {
        const headers = toServiceHeaders(request, service, { identity, traceparent })
        return callUpstream(request, { ...options, headers }, rewriting, {
          ...{ dispatcher, waitMs },
          refuse: (status, headers) => {
            forgetRevision(request)
            responded(judgeResponse(route, status, headers))
            return undefined
          },
          onBroken: (cause) => {
            failed({ cause, sent: true })
            log.error({ err: cause, proxy: name, correlationId }, 'a service failed while it responded')
          },
        })
      })
    }
    const outcome = await retries(request, {
      remainingMs: giveUpAt - performance.now(),
      first: () => attempt(pools?.of(route, address.origin) ?? dispatcher),
      second: () => attempt(retryDispatcher),
    })
    if (outcome && request.respondedAt === undefined) failed(outcome)
    if (isCallFailure(outcome)) report({ err: outcome.cause, proxy: name, correlationId })
    return outcome && toProblem(outcome, request.signal)
  }
}

/**
 * The caller's path without the segments that are stripped, after what comes before each at the service. It begins with one
 * slash, so that no part of it can be taken for a host.
 */
export function toServicePath(
  { path, query }: Pick<UpstreamRequest, 'path' | 'query'>,
  { prefix }: ProxiedAddress,
  stripped: string,
): string {
  let begin = 0
  // By segments: a segment may have been sent with escapes that it does not need.
  for (let n = stripped === '' ? 0 : stripped.split('/').length - 1; n > 0 && begin >= 0; n--)
    begin = path.indexOf('/', begin + 1)
  const rest = begin < 0 ? '' : path.slice(begin)
  return `${prefix}${rest || (prefix === '' ? '/' : '')}${query}`
}

/** A sink that gets the headers changed. */
const mapHeaders = (sink: ResponseSink, change: (headers: ResponseHeaders) => ResponseHeaders): ResponseSink => ({
  ...{ write: sink.write, end: sink.end, fail: sink.fail },
  start: (status, headers) => sink.start(status, change(headers)),
  get onDrain() {
    return sink.onDrain
  },
  set onDrain(resume) {
    sink.onDrain = resume
  },
})

/** A service has none of a function's. */
function forgetRevision(request: UpstreamRequest) {
  request.cold = undefined
  request.revision = undefined
}

const RETRY_AFTER_SECONDS = 2

/** What callers get where the service has not answered. */
function toProblem(outcome: Problem | CallFailure, signal: AbortSignal): Problem {
  if (isCallFailure(outcome)) {
    const { cause, sent } = outcome
    if (sent)
      return new Problem('bad_gateway', 502, 'The service behind this path failed before it answered.', { cause })
    return unreachable(cause)
  }
  if (outcome === signal.reason) return outcome
  return outcome.code === 'deadline_exceeded' ? TIMED_OUT : unreachable(outcome)
}

/** Nothing of the request arrived, so that it can be sent again later. */
const unreachable = (cause: unknown) =>
  new Problem('unavailable', 503, 'The service behind this path cannot be reached.', {
    ...{ cause, retryAfterSeconds: RETRY_AFTER_SECONDS },
  })

const TIMED_OUT = new Problem('deadline_exceeded', 504, 'The service behind this path did not answer in time.')
const TOO_MANY_SCOPES = new Problem(
  'headers_too_large',
  431,
  'Your key has more scopes than fit into a request to a service; ask for one with fewer.',
)
