import type { Config } from 'ebb/kernel'
import { parseRetryAfter } from 'ebb/protocol'
import { Agent } from 'undici'
import { attempt } from '../../../src/data/http-client/attempt.ts'
import { createGuardedConnect } from '../../../src/data/http-client/guard/guarded-connect.ts'
import type { WebhookDelivery } from '../../../src/data/webhooks/webhook-queue.ts'
import type { WebhookSecrets } from '../../../src/data/webhooks/webhook-secrets.ts'
import type { CallOutcome } from '../call-function.ts'
import { signWebhook } from '../sign-webhook.ts'

/** More than a receiver has to say. */
const MAX_BYTES = 64 * 1024

export interface WebhookSender {
  /** Sends a message to an address. Resolves to whatever comes of it, and never rejects. */
  send(delivery: WebhookDelivery, signal: AbortSignal): Promise<CallOutcome>
  close(): Promise<void>
}

/**
 * Opens the one way in which the relay calls addresses of webhooks: only public ones, at port 443, and those of EBB_GUARDED_ALSO; a
 * redirect is not followed, and nothing of a response is kept but its status.
 */
export function openWebhookSender(
  { EBB_GUARDED_ALSO: also = [], EBB_WEBHOOK_TIMEOUT_MS: timeoutMs }: Config,
  secrets: Pick<WebhookSecrets, 'open'>,
): WebhookSender {
  const agent = new Agent({
    connect: createGuardedConnect({ egress: ['*:443'], also }),
    ...{ headersTimeout: 0, bodyTimeout: 0 },
  })
  const send: WebhookSender['send'] = async (delivery, signal) => {
    const { webhookId, messageId: id, url, body, secret, previousSecret, correlationId, traceparent } = delivery
    const startedAt = performance.now()
    const outcome = (rest: Omit<CallOutcome, 'durationMs'>): CallOutcome => ({
      ...{ durationMs: Math.round(performance.now() - startedAt), ...rest },
    })
    const opened = [secret, previousSecret].flatMap((sealed) => (sealed && secrets.open(webhookId, sealed)) ?? [])
    if (opened.length === 0) return outcome({ error: 'secret_sealed', notSent: true })
    const headers = {
      ...{ 'content-type': 'application/json', 'accept-encoding': 'identity', 'user-agent': 'ebb' },
      ...{ traceparent, 'x-correlation-id': correlationId },
      ...signWebhook(body, { id, atSeconds: Math.floor(Date.now() / 1_000), secrets: opened }),
    }
    const request = { method: 'POST', url: new URL(url), headers, body } as const
    const sent = await attempt(agent, request, { timeoutMs, maxBytes: MAX_BYTES, signal }).catch(() => undefined)
    // Its head has come, and that is all that counts.
    if (sent?.code !== 'response') return outcome({ error: ERRORS[sent?.code ?? 'network'] ?? UNREACHABLE })
    const { status, headers: received } = sent.response
    return outcome({ status, retryAfterMs: parseRetryAfter(received['retry-after'], received.date) })
  }
  return { send, close: () => agent.destroy() }
}

const UNREACHABLE = 'unreachable'
/** What a customer sees. Whether a name stands for something inside the network looks as any other fault. */
const ERRORS: Readonly<Record<string, string>> = { timeout: 'timeout', too_large: 'too_large', aborted: 'interrupted' }
