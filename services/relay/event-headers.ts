import { type CloudEventAttributes, writeBinaryHeaders } from 'ebb/protocol'
import { versionedType } from '../../src/contract/index.ts'
import type { Delivery } from '../../src/data/queue/deliveries.ts'

/** What an event says of itself, besides its data. */
export interface EventHead
  extends Pick<Delivery, 'eventId' | 'source' | 'type' | 'version' | 'subject' | 'createdAt' | 'hops'>,
    Pick<Delivery, 'traceparent' | 'correlationId' | 'callerId' | 'tenant' | 'partition'> {}

/** The attributes of an event in CloudEvents 1.0, with further extensions. */
export const eventAttributes = (
  event: EventHead,
  extensions: Readonly<Record<string, string>>,
): CloudEventAttributes => ({
  specversion: '1.0',
  id: event.eventId,
  source: event.source,
  type: versionedType(event.type, event.version),
  time: event.createdAt,
  ...(event.subject === null ? {} : { subject: event.subject }),
  traceparent: event.traceparent,
  correlationid: event.correlationId,
  callerid: event.callerId,
  ...(event.tenant === null ? {} : { tenant: event.tenant }),
  ...(event.partition === null ? {} : { partitionkey: event.partition }),
  ebbhops: String(event.hops),
  ...extensions,
  datacontenttype: 'application/json',
})

/** The same as headers of the binary mode; the body is its data. */
export const writeEventHeaders = (...event: Parameters<typeof eventAttributes>): Record<string, string> =>
  writeBinaryHeaders(eventAttributes(...event))

/** As whom the relay signs where it calls on its own behalf. */
const RELAY_IDENTITY = { sub: 'relay', scopes: [] }

/** The tenant of an event goes with the signature, since the subscriber's transaction is that tenant's. */
export const identityOf = ({ tenant }: Pick<EventHead, 'tenant'>) =>
  tenant === null ? RELAY_IDENTITY : { ...RELAY_IDENTITY, tenant }
