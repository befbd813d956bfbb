import type { Delivery } from '../../src/data/deliveries.ts'

/** The headers of an event in the CloudEvents 1.0 binary mode; the body is its data. */
export function cloudEventHeaders(delivery: Delivery): Record<string, string> {
  const attributes = {
    specversion: '1.0',
    id: delivery.eventId,
    source: delivery.source,
    type: delivery.type,
    time: delivery.createdAt,
    ...(delivery.subject === null ? {} : { subject: delivery.subject }),
    traceparent: delivery.traceparent,
    correlationid: delivery.correlationId,
    ebbattempt: String(delivery.attempt),
    callerid: delivery.callerId,
    ebbhops: String(delivery.hops),
  }
  const headers = Object.entries(attributes).map(([name, value]) => [`ce-${name}`, encodeHeader(value)])
  return { ...Object.fromEntries(headers), 'content-type': 'application/json' }
}

/**
 * Percent-encodes what a header cannot carry: blanks, quotes, percent signs and whatever is outside printable ASCII,
 * as UTF-8 (CloudEvents HTTP Protocol Binding 1.0.2, 3.1.3.2).
 */
export const encodeHeader = (value: string): string =>
  value.toWellFormed().replaceAll(/[^\x21-\x7e]|["%]/gu, (character) => encodeURIComponent(character))
