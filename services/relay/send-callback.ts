import { type Config, type Log, liveSetting } from 'ebb/kernel'
import { describeInvocation, parseRetryAfter, STATE_NAMES } from 'ebb/protocol'
import { Agent } from 'undici'
import { attempt } from '../../src/data/http-client/attempt.ts'
import { createGuardedConnect } from '../../src/data/http-client/guard/guarded-connect.ts'
import type { Callback } from '../../src/data/queue/callback-queue.ts'
import type { CallOutcome } from './call-function.ts'
import { signWebhook } from './sign-webhook.ts'

/** Until its whole response has arrived. */
export const CALLBACK_TIMEOUT_MS = 10_000
/** More than a receiver has to say. */
const MAX_BYTES = 64 * 1024

export interface CallbackSender {
  /** Whether there is a secret to sign with. */
  isAble(): boolean
  /** Tells an address of the end of a call. Resolves to whatever comes of it, and never rejects. */
  send(callback: Callback, signal: AbortSignal): Promise<CallOutcome>
  close(): Promise<void>
}

/**
 * Opens the one way in which the relay calls addresses that callers have named: only public ones, at port 443, and those of
 * EBB_GUARDED_ALSO; a redirect is not followed.
 */
export function openCallbackSender(config: Config, { log }: { readonly log: Log }): CallbackSender {
  const settings = [
    liveSetting(config, 'EBB_CALLBACK_SECRET', log),
    liveSetting(config, 'EBB_CALLBACK_SECRET_PREVIOUS', log),
  ]
  const connect = createGuardedConnect({ egress: ['*:443'], also: config.EBB_GUARDED_ALSO ?? [] })
  const agent = new Agent({ connect, headersTimeout: 0, bodyTimeout: 0 })
  const secretsNow = () => settings.flatMap((setting) => setting.current() ?? [])
  const send: CallbackSender['send'] = async ({ url, invocation, traceparent }, signal) => {
    const startedAt = performance.now()
    const outcome = (rest: Omit<CallOutcome, 'durationMs'>): CallOutcome => ({
      ...{ durationMs: Math.round(performance.now() - startedAt), ...rest },
    })
    const { id, correlationId, state, settledAt } = invocation
    const message = { type: `call.${STATE_NAMES[state]}`, timestamp: settledAt, data: describeInvocation(invocation) }
    const body = JSON.stringify(message)
    const headers = {
      ...{ 'content-type': 'application/json', 'accept-encoding': 'identity', 'user-agent': 'ebb' },
      ...{ traceparent, 'x-correlation-id': correlationId },
      ...signWebhook(body, { id, atSeconds: Math.floor(Date.now() / 1_000), secrets: secretsNow() }),
    }
    const request = { method: 'POST', url: new URL(url), headers, body } as const
    const limits = { timeoutMs: CALLBACK_TIMEOUT_MS, maxBytes: MAX_BYTES, signal }
    const sent = await attempt(agent, request, limits)
    // What it was refused for may say what a name inside the network stands for: it is for nobody to see.
    if (sent.code !== 'response') return outcome({ error: sent.code })
    const { status, headers: received } = sent.response
    return outcome({ status, retryAfterMs: parseRetryAfter(received['retry-after'], received.date) })
  }
  return { isAble: () => secretsNow().length > 0, send, close: () => agent.destroy() }
}
