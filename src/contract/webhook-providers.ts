import type {
  ReceiveShape,
  WebhookProvider,
  WebhookSignature,
  WebhookTimestamp,
  WebhookToken,
} from './receive-shape.ts'

/** A provider with its defaults resolved: what the gateway checks by. */
export interface ResolvedProvider extends WebhookProvider {
  readonly signature: WebhookSignature & Required<Pick<WebhookSignature, 'prefix' | 'algorithm' | 'encoding' | 'key'>>
  readonly timestamp?: WebhookTimestamp & Required<Pick<WebhookTimestamp, 'prefix' | 'toleranceSeconds'>>
}

/** How the gateway takes the webhooks of a route. */
export interface WebhookDoor {
  readonly provider: ResolvedProvider
  /** Whether nobody can give a webhook another id without another signature. */
  readonly idSigned: boolean
  /** The names of the secrets that may have signed. */
  readonly signedBy: readonly string[]
  /** The provider's names of the events that the handler takes. */
  readonly events: readonly string[]
  /** The type of the event that is stored. */
  readonly on: string
}

/** How far a timestamp may be from the gateway's clock by default, as in the libraries of Stripe and of Standard Webhooks. */
const TOLERANCE_SECONDS = 300

/**
 * The providers that have a name here.
 * @see https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 * @see https://docs.stripe.com/webhooks#verify-manually
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export const WEBHOOK_PROVIDERS: Readonly<Record<'github' | 'stripe' | 'standard', WebhookProvider>> = {
  github: {
    name: 'github',
    signature: { header: 'x-hub-signature-256', prefix: 'sha256=', content: '{body}' },
    id: { header: 'x-github-delivery' },
    event: { header: 'x-github-event' },
  },
  stripe: {
    name: 'stripe',
    signature: { header: 'stripe-signature', prefix: 'v1=', separator: ',', content: '{timestamp}.{body}' },
    timestamp: { header: 'stripe-signature', prefix: 't=' },
    id: { body: 'id' },
    event: { body: 'type' },
  },
  standard: {
    name: 'standard',
    signature: {
      ...{ header: 'webhook-signature', prefix: 'v1,', separator: ' ', encoding: 'base64', key: 'whsec' },
      content: '{id}.{timestamp}.{body}',
    },
    timestamp: { header: 'webhook-timestamp' },
    id: { header: 'webhook-id' },
    event: { body: 'type' },
  },
}

/** The provider of a contract, with its defaults. */
export function resolveProvider(provider: ReceiveShape['provider']): ResolvedProvider {
  const given: WebhookProvider = typeof provider === 'string' ? WEBHOOK_PROVIDERS[provider] : provider
  const { signature = signatureOf(given.token), timestamp, ...rest } = given
  return {
    ...rest,
    signature: { prefix: '', algorithm: 'sha256', encoding: 'hex', key: 'text', ...signature },
    ...(timestamp ? { timestamp: { prefix: '', toleranceSeconds: TOLERANCE_SECONDS, ...timestamp } } : {}),
  }
}

/** What stands in the place of a signature where there is none: all that two webhooks can differ by. */
const signatureOf = (token: WebhookToken | undefined): WebhookSignature => ({
  header: token?.header ?? '',
  content: '{body}',
})

/** Whether the id of a webhook is signed with it, so that nobody can send it again as another one. */
export const isIdSigned = ({ id, signature }: Pick<WebhookProvider, 'id' | 'signature'>): boolean =>
  'body' in id || signature?.content.includes('{id}') === true
