import type { RequestHandler } from 'express'
import type { ReceivedEvent } from '../contract/index.ts'
import type { Correlation, Identity, Log } from '../kernel/index.ts'

/** What is known of a request: each step of its way adds a part and finds those of the steps before it. */
export interface Exchange extends Record<string, unknown> {
  correlation: Correlation
  log: Log
  cold: boolean
  timeoutMs: number
  /** Aborts, with the Problem to answer as its reason, at the deadline or when the caller hangs up. */
  signal: AbortSignal
  identity: Identity
  /** What the handler is called with. */
  input: unknown
  /** The event that a subscriber was sent, and the traceparent of what sent it. */
  event?: ReceivedEvent & { readonly link: string | undefined }
}

/** One step of a request's way; its parts are in `response.locals`. */
export type Step = RequestHandler<Record<string, string>, unknown, Buffer | undefined, unknown, Exchange>
