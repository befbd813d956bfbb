import { isTenant } from '../../protocol/index.ts'

/** A message of SQS, in the part that is read here. */
interface SqsMessage {
  readonly eventSource: 'aws:sqs'
  readonly eventSourceARN: string
  readonly messageId: string
  readonly body: string
  readonly attributes: { readonly ApproximateReceiveCount: string; readonly MessageGroupId?: string }
}

/** An event of EventBridge. */
interface BusEvent {
  readonly id: string
  readonly source: string
  readonly 'detail-type': string
  readonly time: string
  readonly detail?: unknown
}

/** An event that a queue or a bus has brought: a CloudEvent in the JSON format, as text, that nobody has checked yet. */
export interface BroughtEvent {
  /** By which the platform is told that it has failed: of a message its `messageId`. */
  readonly id: string
  /** The CloudEvent; undefined where there is none, and `refusal` says why. */
  readonly json: string | undefined
  readonly refusal?: string
  /** The tenant that it names. */
  readonly tenant?: string
  readonly correlationId?: string
  /** How often it has come, with this time. */
  readonly attempt: number
  /** Messages of one group of a FIFO queue are taken in their order. */
  readonly group?: string | undefined
}

/** The events that a payload of the runtime interface has: messages of SQS, or one event of EventBridge. */
export type BroughtEvents =
  | { readonly by: 'sqs'; readonly events: readonly BroughtEvent[] }
  | { readonly by: 'eventbridge'; readonly events: readonly [BroughtEvent] }

/** Reads such a payload. Undefined where it is none. */
export function readEvents(payload: unknown): BroughtEvents | undefined {
  if (isBusEvent(payload)) return { by: 'eventbridge', events: [ofBus(payload, { id: payload.id, attempt: 1 })] }
  const { Records: records } = Object(payload) as { readonly Records?: unknown }
  if (!Array.isArray(records) || !records.every(isMessage)) return undefined
  return { by: 'sqs', events: records.map(ofQueue) }
}

type Head = Pick<BroughtEvent, 'id' | 'attempt' | 'group'>

function ofQueue({ messageId: id, body, eventSourceARN, attributes }: SqsMessage): BroughtEvent {
  // Of other queues a group says which messages are of one sender, and nothing of order.
  const group = eventSourceARN.endsWith('.fifo') ? attributes.MessageGroupId : undefined
  const head: Head = { id, attempt: Number(attributes.ApproximateReceiveCount), group }
  const value = parse(body)
  if (isBusEvent(value)) return ofBus(value, head)
  const { specversion, tenant, correlationid, ebbattempt } = Object(value) as Readonly<Record<string, unknown>>
  if (specversion === undefined) return { ...head, json: undefined, refusal: NO_EVENT }
  if (tenant !== undefined && !isTenant(String(tenant))) return { ...head, json: undefined, refusal: NO_TENANT }
  // Its text stays as it is: numbers that JavaScript cannot hold are for the function to refuse.
  const json =
    ebbattempt === undefined ? body.replace(/^\s*\{/, `{"ebbattempt":${JSON.stringify(String(head.attempt))},`) : body
  return { ...head, ...textsOf({ tenant, correlationId: correlationid }), json }
}

/** An event of EventBridge as a CloudEvent: its type is the `detail-type`, and its data are the `detail`. */
function ofBus({ id, source, time, detail, ...rest }: BusEvent, head: Head): BroughtEvent {
  const data = detail === undefined ? {} : { data: detail }
  const attributes = { specversion: '1.0', id, source, type: rest['detail-type'], time }
  return { ...head, json: JSON.stringify({ ...attributes, ebbattempt: String(head.attempt), ...data }) }
}

const NO_EVENT =
  'This message is no event: its body must be a CloudEvent in the JSON format, or an event of EventBridge; from SNS, turn on raw message delivery.'

const NO_TENANT =
  'The tenant of this event is none: it has 1 to 63 letters, digits and . _ -, the first of them a letter or a digit.'

const textsOf = (values: Readonly<Record<'tenant' | 'correlationId', unknown>>) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => typeof value === 'string'))

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isBusEvent(value: unknown): value is BusEvent {
  const { id, source, ...rest } = Object(value) as Partial<BusEvent>
  return [id, source, rest['detail-type']].every((text) => typeof text === 'string')
}

function isMessage(value: unknown): value is SqsMessage {
  const { eventSource, messageId, body, attributes } = Object(value) as Partial<SqsMessage>
  return eventSource === 'aws:sqs' && typeof messageId === 'string' && typeof body === 'string' && Boolean(attributes)
}
