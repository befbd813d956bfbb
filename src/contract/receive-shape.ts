import type * as z from 'zod'
import type { Deployment } from './deployment-shape.ts'
import type { Emits, EventContract } from './event-shape.ts'
import type { Retry } from './subscriber-shape.ts'

/**
 * A function that a provider's webhooks lead to, as `receive()` takes it.
 * @example
 * const shape: ReceiveShape = {
 *   name: 'receive-stripe-webhook',
 *   summary: 'Take what Stripe says.',
 *   path: '/v1/webhooks-in/stripe',
 *   provider: 'stripe',
 *   signedBy: ['STRIPE_WEBHOOK_SECRET'],
 *   events: { 'charge.succeeded': payload() },
 * }
 * @see docs/guide/40-webhooks-in.md
 */
export interface ReceiveShape extends Deployment {
  /** The name of its folder, image and service: a DNS label of at most 40 characters. */
  readonly name: string
  /** What it does, in one sentence. */
  readonly summary: string
  /** More than a sentence, in CommonMark. */
  readonly description?: string
  /** Where the provider sends its webhooks, by POST: a path without parameters. */
  readonly path: `/${string}`
  /** How the provider signs: GitHub, Stripe, whoever keeps to Standard Webhooks, or a description of another one. */
  readonly provider: 'github' | 'stripe' | 'standard' | WebhookProvider
  /**
   * The secrets that may have signed a webhook, UPPER_SNAKE: the gateway alone gets them. Each may have several values, one in a
   * line, while one replaces another.
   */
  readonly signedBy: readonly string[]
  /**
   * What the handler takes, by the provider's name for the event: the schema of the payload, or `payload<Type>()` for all of it.
   * Events of other names are answered with 202 and forgotten.
   */
  readonly events: Readonly<Record<string, z.ZodType>>
  /** The longest body, in bytes (default: 1 MiB, at most 8 MiB). */
  readonly maxBodyBytes?: number
  /** How often a webhook is delivered to the handler. */
  readonly retry?: Retry
  /** The events that the handler may emit, by type. */
  readonly emits?: Emits
  /** Each way in which the handler may refuse: a 4xx is final, while 408, 425, 429 and 5xx are retried. */
  readonly failures?: Readonly<Record<string, number>>
}

/**
 * How a provider signs its webhooks, by HMAC, or which token it sends, and where it says what they are.
 * @example
 * const provider: WebhookProvider = {
 *   name: 'acme',
 *   signature: { header: 'x-acme-signature', prefix: 'v1=', separator: ',', content: '{timestamp}.{body}' },
 *   timestamp: { header: 'x-acme-time' },
 *   id: { header: 'x-acme-delivery' },
 *   event: { body: 'type' },
 * }
 */
export interface WebhookProvider {
  /** What metrics and logs call it: lower case, digits and `-`. */
  readonly name: string
  /** Where the signature is, and what it signs. */
  readonly signature?: WebhookSignature
  /** Where the token is, of a provider that signs nothing: whoever has seen one webhook can make others. */
  readonly token?: WebhookToken
  /** When it was signed, in seconds since 1970. Needed where `content` has it. */
  readonly timestamp?: WebhookTimestamp
  /** Where its id is, the same each time that it is sent. */
  readonly id: WebhookField
  /** Where the name of the event is. */
  readonly event: WebhookField
}

/**
 * Where a signature is, and what it signs.
 * @example const signature: WebhookSignature = { header: 'x-acme-signature', content: '{body}' }
 */
export interface WebhookSignature {
  /** The header, in lower case. */
  readonly header: string
  /** What is before each signature, such as `sha256=`; what begins with anything else is none (default: nothing). */
  readonly prefix?: string
  /** What is between several signatures, of which one has to be right (default: there is one). */
  readonly separator?: ',' | ' '
  /** The hash (default: `sha256`). */
  readonly algorithm?: 'sha256' | 'sha512' | 'sha1'
  /** How its bytes are written (default: `hex`). */
  readonly encoding?: 'hex' | 'base64'
  /** What is signed: `{body}`, and what else, such as `{id}.{timestamp}.{body}`. */
  readonly content: string
  /** How a secret is a key: its text (default), or as of Standard Webhooks, what follows `whsec_` in Base64. */
  readonly key?: 'text' | 'whsec'
}

/**
 * Where the secret itself is sent.
 * @example const token: WebhookToken = { header: 'authorization', prefix: 'Bearer ' }
 */
export interface WebhookToken {
  /** The header, in lower case. */
  readonly header: string
  /** What is before it, such as `Bearer ` (default: nothing). */
  readonly prefix?: string
}

/**
 * When a webhook was signed.
 * @example const timestamp: WebhookTimestamp = { header: 'x-acme-time', toleranceSeconds: 60 }
 */
export interface WebhookTimestamp {
  /** The header, in lower case. */
  readonly header: string
  /** What is before it, where the header has several parts with `,` between them, such as `t=`. */
  readonly prefix?: string
  /** How far it may be from the gateway's clock, before or after (default: 300, at most an hour). */
  readonly toleranceSeconds?: number
}

/**
 * Where a webhook says something: a header, in lower case, or a path of names in its body.
 * @example const field: WebhookField = { body: 'data.id' }
 */
export type WebhookField = { readonly header: string } | { readonly body: string }

/** What the handler gets of one webhook, by its event's name. */
type ReceivedData<E> = {
  readonly [Name in keyof E & string]: {
    /** The provider's id of it. */
    readonly id: string
    /** The provider's name of what has happened. */
    readonly event: Name
    /** When the gateway took it (RFC 3339). */
    readonly receivedAt: string
    /** What the provider says of it. */
    readonly payload: z.output<E[Name] extends z.ZodType ? E[Name] : z.ZodType>
  }
}[keyof E & string]

/** The event by which a webhook comes to its handler, `ebb.receive_stripe_webhook.received` for one called `receive-stripe-webhook`. */
export type ReceivedWebhook<C extends Pick<ReceiveShape, 'events'>> = EventContract<{
  readonly type: string
  readonly data: z.ZodType<ReceivedData<C['events']>, ReceivedData<C['events']>>
}>

/**
 * The contract of a webhook's handler as `receive()` returns it: frozen, and known to be consistent.
 * @example const paths = (contracts: readonly ReceiveContract[]) => contracts.map(({ path }) => path)
 */
export type ReceiveContract<C extends ReceiveShape = ReceiveShape> = C & {
  readonly kind: 'receive'
  /** The event of its webhooks, which no other function may take. */
  readonly on: ReceivedWebhook<C>
}
