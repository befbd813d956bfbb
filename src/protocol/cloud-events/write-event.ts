import { isJson } from './read-event.ts'

/** The attributes of a CloudEvents 1.0 event as texts; `datacontenttype` is that of its data. */
export type CloudEventAttributes = Readonly<Record<'specversion' | 'id' | 'source' | 'type', string>> &
  Readonly<Record<string, string>>

/** An event to send. JSON is a value, and what is not JSON is bytes. */
export interface OutgoingCloudEvent {
  readonly attributes: CloudEventAttributes
  readonly data?: unknown
}

/** The headers of an event in binary mode, whose body is its data. */
export function writeBinaryHeaders({ datacontenttype, ...attributes }: CloudEventAttributes): Record<string, string> {
  const headers = Object.entries(attributes).map(([name, value]) => [`ce-${name}`, encodeHeader(value)])
  return { ...Object.fromEntries(headers), ...(datacontenttype ? { 'content-type': datacontenttype } : {}) }
}

/** An event in the JSON format, as a value; a batch of events is an array of these. */
export function writeStructured({ attributes, data }: OutgoingCloudEvent): Readonly<Record<string, unknown>> {
  if (data === undefined) return attributes
  if (data instanceof Uint8Array) return { ...attributes, data_base64: Buffer.from(data).toString('base64') }
  if (isJson(attributes.datacontenttype)) return { ...attributes, data }
  throw new TypeError(`data of ${attributes.datacontenttype} are written as bytes`)
}

/** Events in the JSON batch format, as text. The data of each is JSON text, which stays as it is. */
export const writeBatch = (
  events: readonly { readonly attributes: CloudEventAttributes; readonly json: string }[],
): string =>
  `[${events.map(({ attributes, json }) => `${JSON.stringify(attributes).slice(0, -1)},"data":${json}}`).join()}]`

/**
 * Percent-encodes what a header cannot carry: blanks, quotes, percent signs and whatever is outside printable ASCII,
 * as UTF-8 (CloudEvents HTTP Protocol Binding 1.0.2, 3.1.3.2).
 */
export const encodeHeader = (value: string): string =>
  value.toWellFormed().replaceAll(/[^\x21-\x7e]|["%]/gu, (character) => encodeURIComponent(character))
