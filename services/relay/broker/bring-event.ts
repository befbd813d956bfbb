import { Problem } from 'ebb/contract'
import type { Log } from 'ebb/kernel'
import type { ReceivedCloudEvent } from 'ebb/protocol'
import type { ChangeSelection, Subscription } from '../../../src/contract/index.ts'
import type { CallFunction, CallOutcome } from '../call-function.ts'
import { takesChange } from '../changes/to-event.ts'
import { classifyResponse } from '../classify-response.ts'
import { identityOf, writeEventHeaders } from '../event-headers.ts'
import type { RelayMetrics } from '../metrics.ts'
import { reportAttempt } from '../process-call.ts'
import { readExcerpt } from '../read-response.ts'
import { type EventProofs, PROOF } from './event-proof.ts'

export interface BringOptions {
  readonly proofs: Pick<EventProofs, 'verify'>
  readonly call: CallFunction
  readonly subscriptions: () => readonly Subscription[]
  readonly log: Log
  readonly metrics: RelayMetrics
  /** Ends what is running when the relay is. */
  readonly signal: AbortSignal
}

/** What the broker gets. */
export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** Of a subscriber that has failed: at most its first KiB, which the broker keeps with the event. */
  readonly body?: string | undefined
}

/** The event was taken in, and there is none in the response: anything else a broker would publish. */
export const TAKEN: Answer = { status: 202 }
/** The broker counts attempts, and ends them. */
const ONCE = { attempts: 2, minDelayMs: 1, maxDelayMs: 1 }
/** Besides these, a broker tries again after any 5xx (Knative's data plane contract). */
const TRIED_AGAIN: ReadonlySet<number> = new Set([404, 408, 409, 425, 429])
const FINAL = 422

/**
 * Calls a subscriber with an event that the broker brings, once, and answers so that the broker does what the relay would: be done,
 * try again, or give up.
 */
export function createBringEvent({ proofs, call, subscriptions, log, metrics, signal }: BringOptions) {
  return async function bringEvent(name: string, event: ReceivedCloudEvent): Promise<Answer> {
    const subscription = subscriptions().find((one) => one.name === name)
    // It may be one of a revision that is still to come.
    if (!subscription) throw new Problem('not_found', 404, `No subscriber is called ${name}.`)
    const data = textOf(event)
    const head = await proofs.verify(event.attributes[PROOF], data)
    // What a Trigger lets through for its prefix: user.created.verified for user.created.v2.
    if (head.type !== subscription.on) return TAKEN
    // A Trigger knows types, and no columns.
    if (subscription.change && !isTaken(subscription.change, data)) return TAKEN
    const { correlationId, tenant } = head
    const { traceparent = '' } = event.attributes
    const outcome = await call(name, {
      ...{ method: 'POST', path: '/', headers: writeEventHeaders({ ...head, traceparent }, {}), body: data },
      ...{ identity: identityOf({ tenant }), correlationId, traceparent, signal, read: readExcerpt },
      timeoutMs: subscription.timeoutMs,
      // Whether the broker has brought it before, it does not say.
      attempt: 1,
    })
    const settlement = classifyResponse(outcome, 1, { retry: ONCE })
    const attempt = { id: head.eventId, type: head.type, function: name, attempt: 1, correlationId, traceparent }
    reportAttempt({ log, metrics }, attempt, settlement)
    return answerOf(settlement.state, outcome)
  }
}

function isTaken(selection: ChangeSelection, data: string): boolean {
  const { operation, changed = [] } = JSON.parse(data)
  return takesChange(selection, { operation, changed })
}

function answerOf(state: 'done' | 'waiting' | 'dead', { status = 0, body, error, retryAfterMs }: CallOutcome): Answer {
  if (state === 'done') return TAKEN
  const failed = { body: body ?? error }
  if (state === 'dead') return { ...failed, status: TRIED_AGAIN.has(status) ? FINAL : status }
  const retryAfter = retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1_000)) }
  return { ...failed, status: status === 429 || status >= 500 ? status : 503, headers: retryAfter }
}

/** The data as JSON text. */
function textOf({ content }: ReceivedCloudEvent): string {
  if (!content) return 'null'
  return 'value' in content ? JSON.stringify(content.value) : Buffer.from(content.bytes).toString()
}
