import { Problem, type WebhookDoor } from '../../../contract/index.ts'
import { type GatewayContext, type Outcome, type Reply, routeOf, type Step } from '../context.ts'
import type { GatewayDependencies, WebhookOutcome } from '../dependencies.ts'
import { explained } from '../explanation.ts'
import { checkSignature } from '../receive/check-signature.ts'
import { readWebhook } from '../receive/read-webhook.ts'

type Dependencies = Pick<GatewayDependencies, 'receivedWebhooks' | 'metrics' | 'log'>

/**
 * Takes a provider's webhook: checks its signature, stores it once, and answers 202. Its function is called by the relay, later:
 * what is forged, too old, or sent again calls none.
 */
export function receiveWebhook({ receivedWebhooks, metrics, log }: Dependencies): Step {
  async function take(
    context: GatewayContext,
    door: WebhookDoor,
  ): Promise<{ outcome: WebhookOutcome; answer: Outcome }> {
    const { headers, body, correlationId, traceparent, signal } = context
    const { name } = routeOf(context)
    const secrets = receivedWebhooks?.secretsOf(door.signedBy) ?? []
    if (!receivedWebhooks || secrets.length === 0) {
      log.error({ function: name, secrets: door.signedBy }, 'a webhook cannot be checked: none of its secrets is set')
      return { outcome: 'unconfigured', answer: UNCONFIGURED }
    }
    const refusal = checkSignature(door.provider, { headers, body, secrets, nowMs: Date.now() })
    if (refusal) return { outcome: refusal.code === 'signature_expired' ? 'expired' : 'forged', answer: refusal }
    const { id, event, digest, content } = readWebhook(door, { headers, body })
    if (event !== undefined && !door.events.includes(event))
      return { outcome: 'ignored', answer: accepted(id, 'ignored') }
    const data = { id, ...(event === undefined ? {} : { event }), receivedAt: new Date().toISOString(), ...content }
    const webhook = { receiver: name, id, digest, type: door.on, data, correlationId, traceparent }
    const stored = await receivedWebhooks.accept(webhook, signal)
    if (stored === 'replayed') return { outcome: 'replayed', answer: REPLAYED }
    if (stored === 'known') return { outcome: 'duplicate', answer: accepted(id, 'known') }
    return { outcome: 'unparsed' in content ? 'unparsed' : 'stored', answer: accepted(id, 'stored') }
  }
  async function receive(context: GatewayContext, door: WebhookDoor): Promise<Outcome> {
    const { outcome, answer } = await take(context, door)
    metrics.received?.({ receiver: routeOf(context).name, provider: door.provider.name, outcome })
    return answer
  }
  const step: Step = function receiveWebhook(context) {
    const { webhook } = routeOf(context)
    return webhook && receive(context, webhook)
  }
  return explained(step, (context) =>
    routeOf(context).webhook
      ? {
          outcome: 'unknown',
          why: 'Its signature decides: a webhook that is taken is stored for the relay, and answered with 202.',
        }
      : { why: 'The route takes no webhooks of a provider.' },
  )
}

const accepted = (id: string, state: 'stored' | 'known' | 'ignored'): Reply => ({
  ...{ status: 202, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ id, state }) },
  shortCircuitReason: 'webhook',
})

const UNCONFIGURED = new Problem('unavailable', 503, 'Webhooks cannot be checked here yet; retry later.', {
  retryAfterSeconds: 60,
})
const REPLAYED = new Problem('webhook_replayed', 409, 'The same content was taken before, under another id.')
