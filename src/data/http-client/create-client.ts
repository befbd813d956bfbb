import { Agent } from 'undici'
import type { Log } from '../../kernel/index.ts'
import { type HttpAnswer, toAnswer } from './answer.ts'
import { attempt, type Outcome } from './attempt.ts'
import type { Health } from './breaker.ts'
import { HttpFault } from './http-fault.ts'
import { trackOrigins } from './origins.ts'
import { redirected } from './redirect.ts'
import { mayHelp, mayRepeat, retryDelayMs } from './retry.ts'
import type { Call } from './to-call.ts'

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

type Limits = SendOptions & { readonly signal: AbortSignal }

export interface HttpClient {
  send(call: Call, options: Limits): Promise<HttpAnswer>
  close(): Promise<void>
}

export interface ClientOptions {
  readonly now: () => number
  readonly random: () => number
  readonly sleep: (ms: number, value: undefined, options: { readonly signal: AbortSignal }) => Promise<unknown>
}

interface Sent {
  readonly outcome: Outcome
  readonly attempts: number
}

const MOST_CONNECTIONS = 100
/** Who waited this long in vain has learned something about the origin, whoever ended the wait. */
const PATIENCE_MS = 1_000

/** One pool of connections an origin, which is known to fail or not across requests. */
export function createClient(log: Pick<Log, 'info' | 'warn'>, { now, random, sleep }: ClientOptions): HttpClient {
  // Each try has a limit of its own.
  const agent = new Agent({ connections: MOST_CONNECTIONS, headersTimeout: 0, bodyTimeout: 0 })
  const originOf = trackOrigins({ log, now })

  /** Tries again while that is safe, may help, and is within limits. */
  async function sendOnce(call: Call, limits: Limits): Promise<Sent> {
    const { retries, signal } = limits
    const origin = originOf(call.url.origin)
    origin.earn()
    let last: Outcome | undefined
    for (let attempts = 0; ; ) {
      if (signal.aborted) return { outcome: { code: 'aborted', cause: signal.reason }, attempts }
      const settle = origin.breaker.enter()
      if (!settle && last) return { outcome: last, attempts }
      if (!settle) throw new HttpFault('breaker_open', call, { attempts })
      const outcome = await settled(settle, () => attempt(agent, call, limits))
      attempts++
      last = outcome
      if (attempts > retries || !mayRepeat(call) || !mayHelp(outcome)) return { outcome, attempts }
      const delayMs = retryDelayMs(attempts, outcome, random)
      if (delayMs === undefined || !origin.spend()) return { outcome, attempts }
      // Where the signal ends it, the next round says so.
      await sleep(delayMs, undefined, { signal }).catch(() => {})
    }
  }

  async function settled(settle: (health: Health) => void, work: () => Promise<Outcome>): Promise<Outcome> {
    const began = now()
    let health: Health = 'unknown'
    try {
      const outcome = await work()
      health = healthOf(outcome, now() - began)
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
        if (outcome.code !== 'answered') throw new HttpFault(outcome.code, call, { attempts, cause: outcome.cause })
        const next = hops < limits.redirects ? redirected(call, outcome.received) : undefined
        if (!next) return toAnswer(outcome.received, call, attempts)
        call = next
      }
    },
    // By now every request is over: what still runs was awaited by nobody.
    close: () => agent.destroy(),
  }
}

const AWAY = new Set([502, 503, 504])

function healthOf(outcome: Outcome, elapsedMs: number): Health {
  if (outcome.code === 'answered') return AWAY.has(outcome.received.status) ? 'failed' : 'well'
  if (outcome.code === 'too_large') return 'well'
  return outcome.code === 'aborted' && elapsedMs < PATIENCE_MS ? 'unknown' : 'failed'
}
