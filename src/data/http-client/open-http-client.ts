import { Agent, type buildConnector } from 'undici'
import type { Log } from '../../kernel/index.ts'
import { attempt, type Outcome } from './attempt.ts'
import type { AttemptResult } from './circuit-breaker.ts'
import { trackOrigins } from './origins.ts'
import type { HttpRequest } from './request.ts'
import { HttpError, type HttpResponse, toHttpResponse, toRedirectedRequest } from './response.ts'
import { delayBeforeRetry, isRepeatable, isRetryable } from './retry-policy.ts'

/** The limits of one call with its retries and redirects. */
export interface SendOptions {
  /** The time in milliseconds for each attempt, until the last byte of its response. Default: 5 s. */
  readonly timeoutMs: number
  /** The most retries besides the first attempt, if the request is safe to repeat. Default: 2. */
  readonly retries: number
  /** How many redirects are followed. Another origin gets none of the handler's own headers. Default: 0. */
  readonly redirects: number
  /** The largest body of a response, in bytes. Default: 10 MiB. */
  readonly maxBytes: number
}

type SendLimits = SendOptions & { readonly signal: AbortSignal }

/** The connections and the failure counts that all requests of one process share. */
export interface HttpClient {
  send(request: HttpRequest, limits: SendLimits): Promise<HttpResponse>
  close(): Promise<void>
}

/** The clock, the randomness and the sleep of a client, which tests replace, and how it connects. */
export interface HttpClientDependencies {
  /** Default: to every address. */
  readonly connect?: buildConnector.connector
  readonly now: () => number
  readonly random: () => number
  readonly sleep: (ms: number, value: undefined, options: { readonly signal: AbortSignal }) => Promise<unknown>
}

interface SendResult {
  readonly outcome: Outcome
  readonly attempts: number
}

const MAX_CONNECTIONS = 100
/** An attempt that was aborted after so long without a response counts as a failure of the origin. */
const MIN_HANG_MS = 1_000

/** One pool of connections per origin, whose failures are counted across requests. */
export function openHttpClient(
  log: Pick<Log, 'info' | 'warn'>,
  { now, random, sleep, connect }: HttpClientDependencies,
): HttpClient {
  // Each attempt has a timeout of its own.
  const agent = new Agent({
    ...{ connections: MAX_CONNECTIONS, headersTimeout: 0, bodyTimeout: 0 },
    ...(connect ? { connect } : {}),
  })
  const originOf = trackOrigins({ log, now })

  /** Sends a request, and retries it while that is safe, may help, and is within limits. */
  async function sendWithRetries(request: HttpRequest, limits: SendLimits): Promise<SendResult> {
    const { retries, signal } = limits
    const origin = originOf(request.service ?? request.url.origin)
    origin.deposit()
    let last: Outcome | undefined
    for (let attempts = 0; ; ) {
      if (signal.aborted) return { outcome: { code: 'aborted', cause: signal.reason }, attempts }
      const settle = origin.breaker.tryAcquire()
      if (!settle && last) return { outcome: last, attempts }
      if (!settle) throw new HttpError('breaker_open', request, { attempts })
      const outcome = await settleAfter(settle, () => attempt(agent, request, limits))
      attempts++
      last = outcome
      if (attempts > retries || !isRepeatable(request) || !isRetryable(outcome)) return { outcome, attempts }
      const delayMs = delayBeforeRetry(attempts, outcome, random)
      if (delayMs === undefined || !origin.withdraw()) return { outcome, attempts }
      // If the signal ends the wait, the next round returns.
      await sleep(delayMs, undefined, { signal }).catch(() => {})
    }
  }

  async function settleAfter(settle: (result: AttemptResult) => void, work: () => Promise<Outcome>): Promise<Outcome> {
    const began = now()
    let result: AttemptResult = 'ignored'
    try {
      const outcome = await work()
      result = classifyOutcome(outcome, now() - began)
      return outcome
    } finally {
      settle(result)
    }
  }

  return {
    send: async (first, limits) => {
      let request = first
      for (let hops = 0; ; hops++) {
        const { outcome, attempts } = await sendWithRetries(request, limits)
        if (outcome.code !== 'response') throw new HttpError(outcome.code, request, { attempts, cause: outcome.cause })
        const next = hops < limits.redirects ? toRedirectedRequest(request, outcome.response) : undefined
        if (!next) return toHttpResponse(outcome.response, request, attempts)
        request = next
      }
    },
    // By now every request is over: no handler awaits the calls that still run.
    close: () => agent.destroy(),
  }
}

const UNAVAILABLE_STATUSES = new Set([502, 503, 504])

function classifyOutcome(outcome: Outcome, elapsedMs: number): AttemptResult {
  if (outcome.code === 'response') return UNAVAILABLE_STATUSES.has(outcome.response.status) ? 'failure' : 'success'
  if (outcome.code === 'too_large') return 'success'
  // It was not called at all.
  if (outcome.code === 'not_allowed') return 'ignored'
  return outcome.code === 'aborted' && elapsedMs < MIN_HANG_MS ? 'ignored' : 'failure'
}
