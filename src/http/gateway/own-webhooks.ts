import type { Claim } from '../../kernel/index.ts'
import type { Caller } from './credentials.ts'

/**
 * The webhooks that callers have made for themselves. All reject with a Problem: 404 for a webhook of any other caller, 400 for an address
 * that may not be called. What they resolve to is as its owner sees it, and as JSON.
 */
export interface OwnWebhooks {
  readonly list: (owner: Caller) => Promise<readonly Json[]>
  readonly get: (owner: Caller, id: string) => Promise<Json>
  readonly create: (owner: Caller, webhook: WebhookSettings, claim: Claim) => Promise<ClaimedWebhook>
  readonly update: (owner: Caller, id: string, change: WebhookUpdate) => Promise<Json>
  readonly remove: (owner: Caller, id: string) => Promise<void>
  readonly setState: (owner: Caller, id: string, state: 'active' | 'paused') => Promise<Json>
  readonly rotate: (
    owner: Caller,
    id: string,
    options: { readonly overlapSeconds: number; readonly claim: Claim },
  ) => Promise<ClaimedWebhook>
  readonly test: (owner: Caller, id: string, trace: Trace) => Promise<Json>
  /** The newest first; `before` is the id of the last one of the page before. */
  readonly deliveries: (
    owner: Caller,
    id: string,
    page: { readonly before?: string | undefined; readonly state?: string | undefined; readonly limit: number },
  ) => Promise<readonly Json[]>
  /** With its message. */
  readonly delivery: (owner: Caller, id: string, delivery: string) => Promise<Json>
  readonly redeliver: (owner: Caller, id: string, delivery: string) => Promise<Json>
}

type Json = Readonly<Record<string, unknown>>

interface Trace {
  readonly correlationId: string
  readonly traceparent: string
}

/** What a webhook is made of. */
export interface WebhookSettings {
  readonly url: string
  readonly description?: string | undefined
  readonly events: readonly string[]
  readonly perSecond: number
  readonly concurrency: number
}

/** What is changed of one; what is undefined stays. */
export interface WebhookUpdate {
  readonly url?: string | undefined
  readonly description?: string | null | undefined
  readonly events?: readonly string[] | undefined
  readonly perSecond?: number | undefined
  readonly concurrency?: number | undefined
}

/** A webhook with its secret, of this request or of the one that it repeats; or why there is none. */
export type ClaimedWebhook =
  | { readonly status: 'new' | 'finished'; readonly webhook: Json }
  | { readonly status: 'in-flight' | 'mismatch' }
