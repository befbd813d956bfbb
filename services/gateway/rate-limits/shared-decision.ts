import type { RateLimitDecision } from 'ebb/http/gateway'
import type { HeldSlot } from './local-slots.ts'

/** What the shared limiter has decided. */
export interface SharedDecision {
  readonly allowed: boolean
  readonly rates: readonly RateLimitDecision[]
  readonly slots: { readonly allowed: boolean; readonly remaining: number } | undefined
}

/** What was let through elsewhere, one number for each rate, and the slot that the request would hold. */
export interface TakeOptions {
  readonly elsewhere?: readonly number[]
  readonly slot?: HeldSlot | undefined
}
