import { createHmac } from 'node:crypto'

const PREFIX = 'whsec_'

/**
 * The headers that show the receiver of a webhook or a callback that it comes from here, and when it was sent (Standard Webhooks 1.0): a
 * signature by each of these secrets. All attempts have the same id.
 */
export function signWebhook(
  body: string,
  { id, atSeconds, secrets }: { readonly id: string; readonly atSeconds: number; readonly secrets: readonly string[] },
): Readonly<Record<string, string>> {
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(PREFIX.length), 'base64')
    return `v1,${createHmac('sha256', key).update(`${id}.${atSeconds}.${body}`).digest('base64')}`
  })
  return { 'webhook-id': id, 'webhook-timestamp': String(atSeconds), 'webhook-signature': signatures.join(' ') }
}
