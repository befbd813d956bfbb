import { context } from '@opentelemetry/api'
import { suppressTracing } from '@opentelemetry/core'
import { RESPONSE_MS } from 'ebb/contract'
import type { Log } from 'ebb/kernel'
import {
  createRefusalLog,
  type Identity,
  type InvocationResponse,
  readIdentityRefusal,
  type SignIdentity,
  type UpstreamAddress,
} from 'ebb/protocol'
import { continueTrace } from 'ebb/telemetry'
import { Agent, type Dispatcher } from 'undici'
import { parseRetryAfter } from '../../src/protocol/retry-delay.ts'

export interface CallOutcome {
  readonly durationMs: number
  /** Undefined where no answer came; then `error` says why. */
  readonly status?: number
  readonly error?: string
  /** At most its first KiB. */
  readonly body?: string
  /** Whether the function refused our signature, a new one as well: that says nothing about what was sent. */
  readonly refused?: boolean
  /** The code, where it is a problem. */
  readonly problemCode?: string
  readonly revision?: string
  readonly retryAfterMs?: number | undefined
  /** All of it, where it is wanted. */
  readonly response?: InvocationResponse
}

export interface CallOptions {
  readonly path: string
  readonly method: Dispatcher.HttpMethod
  /** Besides those that every call has. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | null
  readonly identity: Omit<Identity, 'iss'>
  readonly correlationId: string
  readonly traceparent: string
  /** What the function may take; a cold start comes on top. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** Takes what is wanted of the answer's body. Where it rejects, no answer came. */
  readonly read: (response: Dispatcher.ResponseData) => Promise<Pick<CallOutcome, 'body' | 'problemCode' | 'response'>>
}

/** Calls a function. Answers whatever comes of it, and never rejects. */
export type CallFunction = (name: string, options: CallOptions) => Promise<CallOutcome>

/** Asks a function what belongs to no trace, within a cold start's time. Answers the status; undefined where none came. */
export type ProbeFunction = (name: string, path: string) => Promise<number | undefined>

export interface CallerOptions {
  readonly locate: (name: string) => UpstreamAddress
  readonly sign: SignIdentity
  /** What a cold start may take; the answer's headers must be there after this and the function's own time. */
  readonly startTimeoutMs: number
  readonly log: Log
}

/** The one way in which the relay reaches functions. */
export function openCaller({ locate, sign, startTimeoutMs, log }: CallerOptions) {
  const agent = new Agent()
  const logRefusal = createRefusalLog(log)

  /** Sends a call, and once more with a new signature where the function refuses the first. */
  const send = async (name: string, options: CallOptions, signal: AbortSignal) => {
    const { identity, correlationId, traceparent, timeoutMs, method, path, body } = options
    const { origin, prefix } = locate(name)
    const headersTimeout = startTimeoutMs + timeoutMs
    const attempt = async (fresh: boolean) => {
      const signed = await sign(identity, name, { waitMs: headersTimeout, fresh })
      const ours = { 'x-correlation-id': correlationId, 'ebb-identity': signed, 'ebb-timeout-ms': String(timeoutMs) }
      const response = await continueTrace(traceparent, (traced) =>
        agent.request({
          ...{ origin, method, path: prefix + path, body, headers: { ...options.headers, ...ours, ...traced } },
          ...{ headersTimeout, bodyTimeout: RESPONSE_MS, signal },
        }),
      )
      const refusal = readIdentityRefusal(response.statusCode, response.headers)
      if (refusal) logRefusal(name, refusal)
      return { response, refused: refusal !== undefined }
    }
    const first = await attempt(false)
    if (!first.refused) return first
    await first.response.body.dump()
    return attempt(true)
  }

  const call: CallFunction = async (name, options) => {
    const began = performance.now()
    const durationMs = () => Math.round(performance.now() - began)
    const limit = new AbortController()
    const late = () => limit.abort(new Error('the answer took too long'))
    const timer = setTimeout(late, startTimeoutMs + options.timeoutMs + RESPONSE_MS)
    try {
      const { response, refused } = await send(name, options, AbortSignal.any([options.signal, limit.signal]))
      const head = { ...readHead(response), ...(refused ? { refused } : {}) }
      return { ...head, ...(await options.read(response)), durationMs: durationMs() }
    } catch (fault) {
      return { durationMs: durationMs(), error: describeError(fault) }
    } finally {
      clearTimeout(timer)
    }
  }

  const look: ProbeFunction = async (name, path) => {
    const { origin, prefix } = locate(name)
    const options = { method: 'GET', signal: AbortSignal.timeout(startTimeoutMs), headersTimeout: 0 } as const
    try {
      const { statusCode, body } = await context.with(suppressTracing(context.active()), () =>
        agent.request({ ...options, origin, path: prefix + path }),
      )
      await body.dump()
      return statusCode
    } catch {
      return undefined
    }
  }
  return { call, look, close: () => agent.destroy() }
}

function readHead({ statusCode, headers }: Dispatcher.ResponseData) {
  const revision = first(headers['ebb-revision'])
  const retryAfterMs = parseRetryAfter(first(headers['retry-after']), first(headers.date))
  return { status: statusCode, retryAfterMs, ...(revision === undefined ? {} : { revision }) }
}

const first = (header: string | string[] | undefined) => (Array.isArray(header) ? header[0] : header)

/** An AggregateError, from a host with several addresses, has a code but no message. */
function describeError(fault: unknown): string {
  // undici and node:net throw nothing but errors.
  const { message, code, name } = fault as NodeJS.ErrnoException
  return message || code || name
}
