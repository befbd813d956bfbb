import { describe, expect, it } from '@jest/globals'
import { CloudEvent, type CloudEventV1, HTTP, type Message, ValidationError } from 'cloudevents'
import { contentModeOf, isJson, readBinary, readStructured } from './read-event.ts'
import { type CloudEventAttributes, encodeHeader, writeBinaryHeaders, writeStructured } from './write-event.ts'

/** Every attribute of the specification, and an extension of each type that JSON has. */
const ATTRIBUTES = {
  id: '7a5c-1',
  source: 'https://shop.example/orders?of=today#top',
  type: 'order.placed.v2',
  subject: 'orders/7',
  time: '2026-11-30T09:00:00.123Z',
  dataschema: 'https://shop.example/schemas/order',
  datacontenttype: 'application/json',
  extstring: 'a text',
  extboolean: true,
  extinteger: -2_147_483_648,
  exturi: 'urn:isbn:0451450523',
  exturireference: '../orders/7',
  exttimestamp: '2026-11-30T10:00:00+01:00',
  extbinary: 'AQID',
}
const TEXTS = { specversion: '1.0', ...mapToText(ATTRIBUTES) }
const DATA = { id: '7', note: 'Zoë ☃', lines: [{ sku: 'LAMP', quantity: 2 }, null] }

/** What is read of a request of the SDK's, as its headers and body arrive. */
function received({ headers, body }: Message) {
  const sent = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]))
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const mode = contentModeOf(sent['content-type'])
  if (mode === 'batch') return JSON.parse(text).map(readStructured)
  return mode === 'structured' ? readStructured(JSON.parse(text)) : readBinary(sent, Buffer.from(text ?? ''))
}

describe('what the SDK writes is read', () => {
  it('in binary mode', () => {
    const { attributes, content } = received(HTTP.binary(new CloudEvent({ ...ATTRIBUTES, data: DATA })))
    expect(attributes).toEqual(TEXTS)
    expect(JSON.parse(Buffer.from(content.bytes).toString())).toEqual(DATA)
  })

  it('in structured mode', () => {
    const event = received(HTTP.structured(new CloudEvent({ ...ATTRIBUTES, data: DATA })))
    expect(event).toEqual({ attributes: TEXTS, content: { value: DATA } })
  })

  it.each([0, false, null, '', [], 'a text'])('with the data %j', (data) => {
    expect(received(HTTP.structured(new CloudEvent({ ...ATTRIBUTES, data }))).content).toEqual({ value: data })
  })

  it('as a batch', () => {
    const events = ['1', '2'].map((id) => new CloudEvent({ ...ATTRIBUTES, id, data: DATA }))
    const headers = { 'content-type': 'application/cloudevents-batch+json' }
    expect(received({ headers, body: JSON.stringify(events) })).toEqual(
      ['1', '2'].map((id) => ({ attributes: { ...TEXTS, id }, content: { value: DATA } })),
    )
  })

  it('with bytes as data_base64, of JSON or of what is none', () => {
    const data = Buffer.from(JSON.stringify(DATA))
    for (const datacontenttype of ['application/json', 'image/png']) {
      const { attributes, content } = received(
        HTTP.structured(new CloudEvent({ ...ATTRIBUTES, datacontenttype, data })),
      )
      expect(attributes.datacontenttype).toBe(datacontenttype)
      expect(Buffer.from(content.bytes)).toEqual(data)
    }
  })

  it('without data, and without optional attributes', () => {
    const { id, source, type } = ATTRIBUTES
    const event = received(HTTP.structured(new CloudEvent({ id, source, type })))
    expect(event).toEqual({
      attributes: { specversion: '1.0', id, source, type, time: expect.any(String) },
      content: undefined,
    })
  })
})

describe('what is written, the SDK reads', () => {
  const attributes: CloudEventAttributes = TEXTS
  const expected = { ...TEXTS, data: DATA }

  it('in binary mode', () => {
    const event = HTTP.toEvent({ headers: writeBinaryHeaders(attributes), body: JSON.stringify(DATA) })
    expect(plain(event)).toEqual({ ...expected, subject: 'orders/7', extstring: 'a%20text' })
  })

  it('in structured mode, and as a batch', () => {
    const body = writeStructured({ attributes, data: DATA })
    const headers = { 'content-type': 'application/cloudevents+json' }
    expect(plain(HTTP.toEvent({ headers, body: JSON.stringify(body) }))).toEqual(expected)
    const batch = HTTP.toEvent({
      headers: { 'content-type': 'application/cloudevents-batch+json' },
      body: JSON.stringify([body, body]),
    })
    expect([batch].flat().map(plain)).toEqual([expected, expected])
  })

  it('with bytes', () => {
    const data = Uint8Array.of(0, 1, 254, 255)
    const body = writeStructured({ attributes: { ...attributes, datacontenttype: 'image/png' }, data })
    const headers = { 'content-type': 'application/cloudevents+json' }
    const [event] = [HTTP.toEvent({ headers, body: JSON.stringify(body) })].flat()
    expect(Buffer.from((event as CloudEventV1<Uint8Array>).data ?? [])).toEqual(Buffer.from(data))
    expect(() => writeStructured({ attributes: { ...attributes, datacontenttype: 'text/plain' }, data: 'x' })).toThrow(
      'data of text/plain are written as bytes',
    )
  })
})

describe('a header', () => {
  it.each([
    ['plain-ASCII~!', 'plain-ASCII~!'],
    ['Euro € 😀', 'Euro%20%E2%82%AC%20%F0%9F%98%80'],
    ['100% "sure"', '100%25%20%22sure%22'],
    ['line\r\nX-Evil: 1', 'line%0D%0AX-Evil:%201'],
    ['half \ud83d', 'half%20%EF%BF%BD'],
    ['del\u007f', 'del%7F'],
  ])('of %j travels as %s', (value, encoded) => {
    expect(encodeHeader(value)).toBe(encoded)
    expect(subjectOf(encoded)).toBe(value.toWellFormed())
  })

  it.each([
    ['%e2%82%ac', '€'],
    ['%41bc', 'Abc'],
    ['%2541', '%41'],
    ['a text', 'a text'],
    ['"a \\"text\\" with \\\\"', 'a "text" with \\'],
    ['"100%25"', '100%'],
  ])('that another one writes as %s is %j', (encoded, value) => expect(subjectOf(encoded)).toBe(value))

  it.each(['%C0%A0', '%ff', '100%', '%'])('%s is refused', (encoded) => {
    expect(() => subjectOf(encoded)).toThrow('A ce- header is not percent-encoded UTF-8.')
  })

  // The SDK neither encodes nor decodes: what has no percent sign, and only ASCII, is read as it was written.
  it('of the SDK is decoded like any other', () => {
    expect(
      received(HTTP.binary(new CloudEvent({ ...ATTRIBUTES, source: '/a%20b', data: DATA }))).attributes.source,
    ).toBe('/a b')
  })
})

describe('refused is', () => {
  const event = { specversion: '1.0', id: '1', source: '/shop', type: 'order.placed' }

  it.each([
    ['no object', [], 'an event is a JSON object'],
    ['another version', { ...event, specversion: '0.3' }, 'it is not CloudEvents 1.0'],
    ['no id', { ...event, id: '' }, 'it is not CloudEvents 1.0'],
    ['no source', { ...event, source: null }, 'it is not CloudEvents 1.0'],
    ...['today', '2026-02-31T09:00:00Z', '2026-13-01T09:00:00Z', '2026-01-01T24:00:00Z', '0000-01-01T09:00:00Z'].map(
      (time): [string, object, string] => [`the time ${time}`, { ...event, time }, 'its time is not RFC 3339'],
    ),
    ['a name in upper case', { ...event, orderId: '1' }, 'the name of an attribute'],
    ['a fraction', { ...event, weight: 1.5 }, 'its attribute weight is no text'],
    ['more than 32 bits', { ...event, count: 2 ** 31 }, 'its attribute count is no text'],
    [
      'an object, as which the SDK writes bytes',
      { ...event, bytes: Uint8Array.of(1) },
      'its attribute bytes is no text',
    ],
    ['two kinds of data', { ...event, data: 1, data_base64: 'MQ==' }, 'it has both `data` and `data_base64`'],
    ['what is not Base64', { ...event, data_base64: 'M' }, 'its data_base64 is not Base64'],
  ])('%s', (_what, value, reason) => expect(() => readStructured(value)).toThrow(reason))

  it('a format other than JSON', () => {
    expect(() => contentModeOf('application/cloudevents+avro')).toThrow(expect.objectContaining({ status: 415 }))
    expect(() => contentModeOf('application/cloudevents-batch+protobuf')).toThrow(
      expect.objectContaining({ status: 415 }),
    )
  })

  // It makes an id where there is none, and checks an event that it makes, though not one that it receives.
  it.each(['source', 'type'] as const)('an event without %s, as the SDK refuses to make it', (missing) => {
    const { [missing]: _, ...rest } = event
    expect(() => new CloudEvent(rest as never)).toThrow(ValidationError)
    expect(() => readStructured(rest)).toThrow('it is not CloudEvents 1.0')
  })
})

it.each([
  [undefined, true],
  ['application/json; charset=utf-8', true],
  ['text/json', true],
  ['application/vnd.order+json', true],
  ['TEXT/PLAIN', false],
  ['application/xml', false],
  ['application/jsonl', false],
])('data of %s are JSON: %s', (type, json) => expect(isJson(type)).toBe(json))

const subjectOf = (encoded: string) =>
  readBinary(
    { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/', 'ce-type': 'a.b', 'ce-subject': encoded },
    undefined,
  ).attributes.subject

const plain = (event: unknown) => JSON.parse(JSON.stringify(event))

function mapToText<Given extends Readonly<Record<string, unknown>>>(given: Given): Record<keyof Given, string> {
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)])) as Record<
    keyof Given,
    string
  >
}
