import { context } from '@opentelemetry/api'
import { suppressTracing } from '@opentelemetry/core'
import type { Log } from 'ebb/kernel'
import {
  createRefusalLog,
  DELEGATION_HEADER,
  type EventFailure,
  type Identity,
  type InvocationResponse,
  parseRetryAfter,
  readIdentityRefusal,
  type SignIdentity,
  type UpstreamAddress,
  withUnknownKey,
  writeDelegation,
} from 'ebb/protocol'
import { continueTrace } from 'ebb/telemetry'
import { Agent, type Dispatcher } from 'undici'
import { type Callee, RESPONSE_MS } from '../../src/contract/index.ts'

/** Calls a function. Resolves to whatever comes of it, and never rejects. */
export type CallFunction = (name: string, options: CallOptions) => Promise<CallOutcome>

export interface CallOptions {
  /** The name that it has in its address, where that is another one: its canary's. */
  readonly at?: string
  /** Which attempt it is, from 1; of several events the last one of any. */
  readonly attempt: number
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
  /** Reads what is wanted of the response's body. Where it rejects, the call counts as unanswered. */
  readonly read: (
    response: Dispatcher.ResponseData,
  ) => Promise<Pick<CallOutcome, 'body' | 'problemCode' | 'response' | 'failures'>>
}

export interface CallOutcome {
  readonly durationMs: number
  /** Undefined where no response came; then `error` says why. */
  readonly status?: number
  readonly error?: string
  /** At most its first KiB. */
  readonly body?: string
  /** Whether the function refused our signature, a fresh one as well: that says nothing about what was sent. */
  readonly signatureRefused?: boolean
  /** Whether the relay has not sent it, for a reason of its own: that says nothing about it either. */
  readonly notSent?: boolean
  /** The code, where the response is a problem. */
  readonly problemCode?: string
  readonly revision?: string
  /** Whether the function had to start first. */
  readonly cold?: true
  /** From its begin to that of its response. */
  readonly waitMs?: number
  readonly retryAfterMs?: number | undefined
  /** Where the call was a batch that was taken: which of its events were not. */
  readonly failures?: readonly EventFailure[]
  /** Whether it is about several events: then it is final for none. */
  readonly isShared?: boolean
  /** The response to store, where the caller wants it whole. */
  readonly response?: InvocationResponse
}

/**
 * GETs a path of a function, outside any trace, within the time of a cold start. Resolves to the status; undefined where
 * no response came.
 */
export type ProbeFunction = (name: string, path: string) => Promise<number | undefined>

export interface CallerOptions {
  readonly locate: (name: string) => UpstreamAddress
  /** The functions that one calls, by its contract; default: none. */
  readonly calleesOf?: (name: string) => readonly Callee[] | undefined
  readonly sign: SignIdentity
  /** What a cold start may take; the response's headers must arrive within this and the function's own time. */
  readonly startTimeoutMs: number
  readonly log: Log
}

/** Opens the one way in which the relay reaches functions. */
export function openCaller({ locate, calleesOf = () => undefined, sign, startTimeoutMs, log }: CallerOptions) {
  const agent = new Agent()
  const logRefusal = createRefusalLog(log)

  /** Sends a call, and once more with a fresh signature where the function refuses the first. */
  const send = async (name: string, options: CallOptions, signal: AbortSignal) => {
    const { identity, correlationId, traceparent, timeoutMs, method, path, body } = options
    const { origin, prefix } = locate(options.at ?? name)
    const headersTimeout = startTimeoutMs + timeoutMs
    const attempt = async (again: { readonly fresh?: boolean; readonly unknownKey?: string | undefined }) => {
      const calls = calleesOf(name)
      const waitMs = headersTimeout
      const signed = await sign(identity, name, { waitMs, ...again })
      const own = {
        ...{ 'x-correlation-id': correlationId, 'ebb-identity': signed, 'ebb-timeout-ms': String(timeoutMs) },
        ...(calls && {
          [DELEGATION_HEADER]: await writeDelegation(
            sign,
            { caller: identity, via: name, calls },
            { waitMs, ...again },
          ),
        }),
      }
      const response = await continueTrace(traceparent, (trace) =>
        agent.request({
          ...{ origin, method, path: prefix + path, body, headers: { ...options.headers, ...own, ...trace } },
          ...{ headersTimeout, bodyTimeout: RESPONSE_MS, signal },
        }),
      )
      const refusal = readIdentityRefusal(response.statusCode, response.headers)
      if (refusal) logRefusal(name, refusal)
      const unknownKey = refusal && withUnknownKey(refusal, signed)
      return { response, signatureRefused: refusal !== undefined, unknownKey }
    }
    const first = await attempt({})
    if (!first.signatureRefused) return first
    await first.response.body.dump()
    return attempt({ fresh: true, unknownKey: first.unknownKey })
  }

  const call: CallFunction = async (name, options) => {
    const startedAt = performance.now()
    const durationMs = () => Math.round(performance.now() - startedAt)
    const limit = new AbortController()
    const abort = () => limit.abort(new Error('the answer took too long'))
    const timer = setTimeout(abort, startTimeoutMs + options.timeoutMs + RESPONSE_MS)
    try {
      const { response, signatureRefused } = await send(name, options, AbortSignal.any([options.signal, limit.signal]))
      const head: Partial<CallOutcome> = { ...readHead(response), ...(signatureRefused ? { signatureRefused } : {}) }
      const waitMs = durationMs()
      return { ...head, waitMs, ...(await options.read(response)), durationMs: durationMs() }
    } catch (error) {
      return { durationMs: durationMs(), error: describeError(error) }
    } finally {
      clearTimeout(timer)
    }
  }

  const probe: ProbeFunction = async (name, path) => {
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
  return { call, probe, close: () => agent.destroy() }
}

function readHead({ statusCode, headers }: Dispatcher.ResponseData) {
  const revision = firstOf(headers['ebb-revision'])
  const retryAfterMs = parseRetryAfter(firstOf(headers['retry-after']), firstOf(headers.date))
  const cold = firstOf(headers['ebb-cold']) === 'true' ? ({ cold: true } as const) : {}
  return { status: statusCode, retryAfterMs, ...cold, ...(revision === undefined ? {} : { revision }) }
}

const firstOf = (header: string | string[] | undefined) => (Array.isArray(header) ? header[0] : header)

/** An AggregateError, from a host with several addresses, has a code but no message. */
function describeError(error: unknown): string {
  // undici and node:net throw nothing but errors.
  const { message, code, name } = error as NodeJS.ErrnoException
  return message || code || name
}
