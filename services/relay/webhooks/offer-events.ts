import type pg from 'pg'
import { versionedType, WEBHOOKS, type WebhookEvent } from '../../../src/contract/index.ts'
import type { Delivery, Settlement } from '../../../src/data/queue/deliveries.ts'
import { offerEvent } from '../../../src/data/webhooks/offer-event.ts'
import type { CallOutcome } from '../call-function.ts'
import { classifyResponse } from '../classify-response.ts'
import type { Target } from '../queue.ts'

/** More than anybody should send to an address; Standard Webhooks advises 20 KB. */
const MAX_BYTES = 256 * 1024
const RETRY = { attempts: 10, minDelayMs: 1_000, maxDelayMs: 60_000 }

/** What takes the events that customers may subscribe to, as one that takes deliveries: its work is a statement. */
export const WEBHOOKS_TARGET: Target = {
  ...{ name: WEBHOOKS, retry: RETRY, timeoutMs: 10_000, scale: { max: 20, concurrency: 1 } },
}

/** Gives events to the webhooks that are to get them. */
export interface WebhookOffers {
  /** The types of events that customers may subscribe to, as the contracts are now. */
  types(): readonly string[]
  /** Makes the deliveries of an event. Resolves to whatever comes of it, and never rejects. */
  send(delivery: Delivery): Promise<CallOutcome>
}

/** Creates what gives events to webhooks; `onOffered` is called where there is something to send. */
export function createWebhookOffers({
  pool,
  events,
  onOffered,
}: {
  readonly pool: pg.Pool
  readonly events: () => readonly WebhookEvent[]
  readonly onOffered: () => void
}): WebhookOffers {
  const offer = async (delivery: Delivery) => {
    const { eventId: id, type, version, createdAt, tenant, correlationId, traceparent } = delivery
    if (delivery.data === null) throw new RefusedError(`webhooks take data of at most ${MAX_BYTES} bytes`)
    const declared = events().find((event) => event.type === type)
    // The contracts have changed meanwhile: nobody may have it any more.
    if (!declared) return
    const data: unknown = JSON.parse(delivery.data)
    const owner = declared.owner === undefined ? null : ownerOf(data, declared.owner)
    const sentType = versionedType(type, version)
    const offered = await offerEvent(pool, {
      ...{ id, type, sentType, data, createdAt, tenant, owner, correlationId, traceparent },
    })
    if (offered > 0) onOffered()
  }
  return {
    types: () => events().map(({ type }) => type),
    async send(delivery) {
      const startedAt = performance.now()
      const durationMs = () => Math.round(performance.now() - startedAt)
      try {
        await offer(delivery)
        return { status: 200, durationMs: durationMs() }
      } catch (error) {
        // pg throws nothing but errors.
        const { message } = error as Error
        return { ...(error instanceof RefusedError ? { status: 422 } : {}), error: message, durationMs: durationMs() }
      }
    },
  }
}

/** An event without an owner belongs to nobody, and is refused: an operator sees it among the dead letters. */
function ownerOf(data: unknown, field: string): string {
  const owner = (Object(data) as Readonly<Record<string, unknown>>)[field]
  if (typeof owner === 'string') return owner
  throw new RefusedError(`its data have no text \`${field}\`, which says whose event it is`)
}

class RefusedError extends Error {}

/** What is refused stays so; all else is a fault of the database, and tried again. */
export function classifyOffer(outcome: CallOutcome, attempt: number, allAttempts: number): Settlement {
  if (outcome.status === 422) return { ...outcome, state: 'dead' }
  return classifyResponse(outcome, attempt, { retry: RETRY, allAttempts })
}
