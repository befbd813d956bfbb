import { expect, it } from '@jest/globals'
import { type Attributes, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { OtlpError, readOtlp } from './read-otlp.ts'
import { readOtlpProtobuf } from './read-otlp-protobuf.ts'

const span = (attributes: Attributes, parentSpanId?: string): ReadableSpan => ({
  ...{
    name: 'POST /v1/orders',
    kind: SpanKind.SERVER,
    startTime: [1_790_000_000, 123_456_789],
    endTime: [1_790_000_001, 0],
  },
  ...{ attributes, links: [], ended: true, duration: [0, 1], droppedAttributesCount: 0 },
  ...{ droppedEventsCount: 0, droppedLinksCount: 0, instrumentationScope: { name: 'ebb' } },
  status: { code: SpanStatusCode.ERROR },
  events: [{ name: 'exception', time: [1_790_000_000, 0], attributes: { 'exception.message': 'no stock' } }],
  resource: resourceFromAttributes({ 'service.name': 'place-order' }),
  spanContext: () => ({ traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), traceFlags: 1 }),
  ...(parentSpanId ? { parentSpanContext: { traceId: 'ab'.repeat(16), spanId: parentSpanId, traceFlags: 1 } } : {}),
})

const asJson = (spans: ReadableSpan[]) =>
  readOtlp(JSON.parse(Buffer.from(JsonTraceSerializer.serializeRequest(spans) ?? []).toString()))
const asProtobuf = (spans: ReadableSpan[]) =>
  readOtlp(readOtlpProtobuf(ProtobufTraceSerializer.serializeRequest(spans) ?? new Uint8Array()))

it('reads what the official exporters send, the same from JSON and from protobuf', () => {
  const attributes = {
    text: 'ü'.repeat(300),
    whole: -7,
    large: 2 ** 40,
    part: 0.5,
    yes: true,
    no: false,
    list: ['a', 'b'],
  }
  const sent = [span(attributes), span({}, '12'.repeat(8))]
  expect(asProtobuf(sent)).toEqual(asJson(sent))
  expect(asJson(sent)).toEqual([
    {
      ...{ traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), parentSpanId: null, part: 'place-order' },
      ...{ name: 'POST /v1/orders', kind: 'server', startUs: 1_790_000_000_123_456, endUs: 1_790_000_001_000_000 },
      ...{ failed: true, message: 'no stock', attributes },
    },
    expect.objectContaining({ parentSpanId: '12'.repeat(8), attributes: {} }),
  ])
})

it('keeps no more of a span than it has room for', () => {
  const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`name${i}`, 'x'.repeat(100_000)]))
  const [read] = asProtobuf([span(many)])
  expect(Object.keys(read?.attributes ?? {})).toHaveLength(64)
  expect(read?.attributes.name0).toHaveLength(4_096)
})

it.each([
  ['text', Buffer.from('no protobuf at all')],
  ['a message that ends too early', Buffer.from([0x0a, 0x7f, 0x01])],
  ['a number without an end', Buffer.from([0x0a, ...Array(12).fill(0xff)])],
  ['a length that is larger than all memory', Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])],
])('refuses %s', (_what, bytes) => {
  expect(() => readOtlp(readOtlpProtobuf(bytes))).toThrow(OtlpError)
})

it.each([
  ['a list that is none', { resourceSpans: 7 }],
  [
    'a trace id of another length',
    { resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: 'ab', spanId: 'cd'.repeat(8) }] }] }] },
  ],
])('refuses %s in JSON', (_what, request) => {
  expect(() => readOtlp(request)).toThrow(OtlpError)
})
