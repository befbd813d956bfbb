import { Problem } from '../../contract/index.ts'

/** A CloudEvents 1.0 event as it was received: its attributes as texts, and its data as they came. */
export interface ReceivedCloudEvent {
  /** All attributes, extensions included, in their canonical string representation. */
  readonly attributes: Readonly<Record<string, string>>
  /** The data: a JSON value, or bytes in the `datacontenttype`; undefined where there are none. */
  readonly content: { readonly value: unknown } | { readonly bytes: Uint8Array } | undefined
}

/** How one request carries events; structured and batched are JSON, `data` included. */
export type ContentMode = 'binary' | 'structured' | 'batch'

/** The media types of the JSON event format and of its batches. */
export const CLOUD_EVENT_TYPE = 'application/cloudevents+json'
export const CLOUD_EVENT_BATCH_TYPE = 'application/cloudevents-batch+json'

/**
 * Finds out how a request carries events by its Content-Type (HTTP protocol binding 1.0.2, 1.3). Throws a Problem 415 for an event
 * format other than JSON.
 */
export function contentModeOf(contentType = ''): ContentMode {
  const type = mediaTypeOf(contentType)
  if (!type.startsWith('application/cloudevents')) return 'binary'
  if (type === CLOUD_EVENT_TYPE) return 'structured'
  if (type === CLOUD_EVENT_BATCH_TYPE) return 'batch'
  throw new Problem(
    'unsupported_media_type',
    415,
    `Send events in binary mode, or as ${CLOUD_EVENT_TYPE} or ${CLOUD_EVENT_BATCH_TYPE}.`,
  )
}

/** Reads an event in binary mode: attributes in the headers `ce-…`, of a request whose body is its data. */
export function readBinary(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  bytes: Uint8Array | undefined,
): ReceivedCloudEvent {
  const attributes: Record<string, string> = {}
  for (const [header, value] of Object.entries(headers)) {
    const name = /^ce-([a-z0-9]+)$/.exec(header)?.[1]
    if (name && typeof value === 'string') attributes[name] = decodeHeader(value)
  }
  const type = headers['content-type']
  if (typeof type === 'string') attributes.datacontenttype = type
  return { attributes: checkAttributes(attributes), content: bytes && { bytes } }
}

/** Reads an event in the JSON format 1.0.2, of JSON that is parsed already. */
export function readStructured(value: unknown): ReceivedCloudEvent {
  if (!isObject(value)) throw invalidEvent('an event is a JSON object')
  const { data, data_base64: base64, ...rest } = value
  if (data !== undefined && base64 !== undefined) throw invalidEvent('it has both `data` and `data_base64`')
  const attributes: Record<string, string> = {}
  for (const [name, given] of Object.entries(rest)) {
    if (!/^[a-z0-9]+$/.test(name)) throw invalidEvent('the name of an attribute is not of a to z and 0 to 9')
    // What is null is not set.
    if (given !== null) attributes[name] = toCanonicalText(name, given)
  }
  const content = base64 === undefined || base64 === null ? data !== undefined && { value: data } : decodeBase64(base64)
  return { attributes: checkAttributes(attributes), content: content || undefined }
}

/** The media type of a Content-Type, in lower case and without parameters. */
export const mediaTypeOf = (contentType: string): string => (contentType.split(';')[0] ?? '').trim().toLowerCase()

/** Whether data of this `datacontenttype` are JSON; without one they are. */
export function isJson(contentType = 'application/json'): boolean {
  const type = mediaTypeOf(contentType)
  return /^(application|text)\/json$/.test(type) || type.endsWith('+json')
}

/** A refusal of what is no event, or none that can be taken. */
export const invalidEvent = (reason: string, details: Problem['details'] = []): Problem =>
  new Problem('invalid_request', 400, `This event cannot be taken: ${reason}.`, { details })

/** Those that every event has, and the form of those that mean something here. */
function checkAttributes(attributes: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const { specversion, id, source, type, time } = attributes
  if (specversion !== '1.0' || !id || !source || !type)
    throw invalidEvent('it is not CloudEvents 1.0, with specversion, id, source and type')
  if (time !== undefined && !isTime(time)) throw invalidEvent('its time is not RFC 3339')
  return attributes
}

const RFC3339 =
  /^(?!0000)(\d{4}-\d\d-\d\d)[Tt]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-](0\d|1[0-5]):[0-5]\d)$/

/** Whether there is such a time, for Postgres as well, which has no 31st of February. */
function isTime(text: string): boolean {
  const day = RFC3339.exec(text)?.[1]
  const midnight = new Date(`${day}T00:00:00Z`)
  return day !== undefined && !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day)
}

/** An attribute is a string, a boolean or a whole number of 32 bits; of the other types the string is what JSON has. */
function toCanonicalText(name: string, value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean' || (typeof value === 'number' && value === (value | 0))) return String(value)
  throw invalidEvent(`its attribute ${name} is no text, no boolean and no whole number of 32 bits`)
}

function decodeBase64(text: unknown): { readonly bytes: Uint8Array } {
  if (typeof text !== 'string' || !BASE64.test(text)) throw invalidEvent('its data_base64 is not Base64')
  return { bytes: Buffer.from(text, 'base64') }
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** Undoes double quotes, which senders by an older binding write, and one round of percent-encoding. */
function decodeHeader(value: string): string {
  const plain = /^".*"$/.test(value) ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1') : value
  if (!plain.includes('%')) return plain
  try {
    return decodeURIComponent(plain)
  } catch (cause) {
    throw new Problem('invalid_request', 400, 'A ce- header is not percent-encoded UTF-8.', { cause })
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
