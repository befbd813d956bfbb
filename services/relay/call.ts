import {
  continueTrace,
  createRefusalLog,
  type Identity,
  type KeptAnswer,
  type Log,
  readRefusal,
  type SignIdentity,
} from 'ebb/kernel'
import { Agent, type Dispatcher } from 'undici'
import { parseRetryAfter } from './retry-delay.ts'

export interface Answer {
  readonly durationMs: number
  /** Undefined where no answer came; then `error` says why. */
  readonly status?: number
  readonly error?: string
  /** At most its first KiB. */
  readonly body?: string
  /** Whether the function refused our signature, a new one as well: that says nothing about what was sent. */
  readonly refused?: true
  /** The code, where it is a problem. */
  readonly problem?: string
  readonly revision?: string
  readonly retryAfterMs?: number | undefined
  /** All of it, where it is wanted. */
  readonly whole?: KeptAnswer
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
  readonly read: (response: Dispatcher.ResponseData) => Promise<Pick<Answer, 'body' | 'problem' | 'whole'>>
}

/** Calls a function. Answers whatever comes of it, and never rejects. */
export type Call = (name: string, options: CallOptions) => Promise<Answer>

export interface CallerOptions {
  /** Where a function answers, with a slash at the end. */
  readonly urlOf: (name: string) => string
  readonly sign: SignIdentity
  /** What a cold start may take; the answer's headers must be there after this and the function's own time. */
  readonly startTimeoutMs: number
  readonly log: Log
}

/** Beyond the headers' own limit, for connecting and for the body; well under the 10 s by which a lease outlives it. */
const BODY_MS = 5_000

export function createCall({ urlOf, sign, startTimeoutMs, log }: CallerOptions): {
  call: Call
  close(): Promise<void>
} {
  const agent = new Agent()
  const logRefusal = createRefusalLog(log)
  const call: Call = async (name, { identity, correlationId, traceparent, timeoutMs, signal, read, ...options }) => {
    const began = performance.now()
    const durationMs = () => Math.round(performance.now() - began)
    const headersTimeout = startTimeoutMs + timeoutMs
    const limit = new AbortController()
    const timer = setTimeout(() => limit.abort(new Error('the answer took too long')), headersTimeout + BODY_MS)
    try {
      const { origin, pathname } = new URL(urlOf(name))
      const send = async (anew: boolean) => {
        const signed = await sign(identity, name, { waitMs: headersTimeout, anew })
        const ours = { 'x-correlation-id': correlationId, 'ebb-identity': signed, 'ebb-timeout-ms': String(timeoutMs) }
        const response = await continueTrace(traceparent, (traced) =>
          agent.request({
            ...{ origin, method: options.method, path: pathname.slice(0, -1) + options.path, body: options.body },
            ...{ headers: { ...options.headers, ...ours, ...traced }, headersTimeout, bodyTimeout: BODY_MS },
            signal: AbortSignal.any([signal, limit.signal]),
          }),
        )
        const refusal = readRefusal(response.statusCode, response.headers)
        if (refusal) logRefusal(name, refusal)
        return { response, refusal }
      }
      let { response, refusal } = await send(false)
      if (refusal) {
        await response.body.dump()
        ;({ response, refusal } = await send(true))
      }
      const head = { ...readHead(response), ...(refusal ? { refused: true as const } : {}) }
      return { ...head, ...(await read(response)), durationMs: durationMs() }
    } catch (fault) {
      return { durationMs: durationMs(), error: why(fault) }
    } finally {
      clearTimeout(timer)
    }
  }
  return { call, close: () => agent.destroy() }
}

function readHead({ statusCode, headers }: Dispatcher.ResponseData) {
  const revision = first(headers['ebb-revision'])
  const retryAfterMs = parseRetryAfter(first(headers['retry-after']), first(headers.date))
  return { status: statusCode, retryAfterMs, ...(revision === undefined ? {} : { revision }) }
}

const first = (header: string | string[] | undefined) => (Array.isArray(header) ? header[0] : header)

/** An AggregateError, from a host with several addresses, has a code but no message. */
function why(fault: unknown): string {
  // undici and node:net throw nothing but errors.
  const { message, code, name } = fault as NodeJS.ErrnoException
  return message || code || name
}
