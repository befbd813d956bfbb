import { Agent } from 'undici'
import type { Log } from '../../kernel/index.ts'
import { attempt, isRepeatable, isTransient, type Outcome, retryDelayMs } from './attempt.ts'
import { type AttemptResult, trackOrigins } from './origins.ts'
import type { HttpRequest } from './request.ts'
import { HttpError, type HttpResponse, toHttpResponse, toRedirectedRequest } from './response.ts'

export interface SendOptions {
  /** For each try, until the last byte of its answer; 5 s unless told. */
  readonly timeoutMs: number
  /** Besides the first try, where it is safe; 2 unless told. */
  readonly retries: number
  /** How many are followed; 0 unless told. Another origin gets none of the handler's own headers. */
  readonly redirects: number
  /** Of the answer's body; 10 MiB unless told. */
  readonly maxBytes: number
}

type SendLimits = SendOptions & { readonly signal: AbortSignal }

export interface HttpClient {
  send(call: HttpRequest, options: SendLimits): Promise<HttpResponse>
  close(): Promise<void>
}

export interface HttpClientDependencies {
  readonly now: () => number
  readonly random: () => number
  readonly sleep: (ms: number, value: undefined, options: { readonly signal: AbortSignal }) => Promise<unknown>
}

interface SendResult {
  readonly outcome: Outcome
  readonly attempts: number
}

const MAX_CONNECTIONS = 100
/** Who waited this long in vain has learned something about the origin, whoever ended the wait. */
const MIN_HANG_MS = 1_000

/** One pool of connections an origin, which is known to fail or not across requests. */
export function openHttpClient(
  log: Pick<Log, 'info' | 'warn'>,
  { now, random, sleep }: HttpClientDependencies,
): HttpClient {
  // Each try has a limit of its own.
  const agent = new Agent({ connections: MAX_CONNECTIONS, headersTimeout: 0, bodyTimeout: 0 })
  const originOf = trackOrigins({ log, now })

  /** Tries again while that is safe, may help, and is within limits. */
  async function sendOnce(call: HttpRequest, limits: SendLimits): Promise<SendResult> {
    const { retries, signal } = limits
    const origin = originOf(call.url.origin)
    origin.deposit()
    let last: Outcome | undefined
    for (let attempts = 0; ; ) {
      if (signal.aborted) return { outcome: { code: 'aborted', cause: signal.reason }, attempts }
      const settle = origin.breaker.tryAcquire()
      if (!settle && last) return { outcome: last, attempts }
      if (!settle) throw new HttpError('breaker_open', call, { attempts })
      const outcome = await settled(settle, () => attempt(agent, call, limits))
      attempts++
      last = outcome
      if (attempts > retries || !isRepeatable(call) || !isTransient(outcome)) return { outcome, attempts }
      const delayMs = retryDelayMs(attempts, outcome, random)
      if (delayMs === undefined || !origin.withdraw()) return { outcome, attempts }
      // Where the signal ends it, the next round says so.
      await sleep(delayMs, undefined, { signal }).catch(() => {})
    }
  }

  async function settled(settle: (health: AttemptResult) => void, work: () => Promise<Outcome>): Promise<Outcome> {
    const began = now()
    let health: AttemptResult = 'unknown'
    try {
      const outcome = await work()
      health = classifyOutcome(outcome, now() - began)
      return outcome
    } finally {
      settle(health)
    }
  }

  return {
    send: async (first, limits) => {
      let call = first
      for (let hops = 0; ; hops++) {
        const { outcome, attempts } = await sendOnce(call, limits)
        if (outcome.code !== 'answered') throw new HttpError(outcome.code, call, { attempts, cause: outcome.cause })
        const next = hops < limits.redirects ? toRedirectedRequest(call, outcome.received) : undefined
        if (!next) return toHttpResponse(outcome.received, call, attempts)
        call = next
      }
    },
    // By now every request is over: what still runs was awaited by nobody.
    close: () => agent.destroy(),
  }
}

const UNAVAILABLE_STATUSES = new Set([502, 503, 504])

function classifyOutcome(outcome: Outcome, elapsedMs: number): AttemptResult {
  if (outcome.code === 'answered') return UNAVAILABLE_STATUSES.has(outcome.received.status) ? 'failed' : 'well'
  if (outcome.code === 'too_large') return 'well'
  return outcome.code === 'aborted' && elapsedMs < MIN_HANG_MS ? 'unknown' : 'failed'
}
