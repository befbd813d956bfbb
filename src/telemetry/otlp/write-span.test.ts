import { expect, it } from '@jest/globals'
import { type Attributes, createTraceState, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { type ReadableSpan, TracerProvider } from '@opentelemetry/sdk-trace'
import { ProtobufWriter } from './protobuf-writer.ts'
import { writeResource, writeScope, writeSpan } from './write-span.ts'

const ended: ReadableSpan[] = []
const resource = resourceFromAttributes({ 'service.name': 'order', 'process.pid': 4_711 })
const provider = new TracerProvider({
  resource,
  spanProcessors: [
    { onStart() {}, onEnd: (span) => void ended.push(span), forceFlush: async () => {}, shutdown: async () => {} },
  ],
})
const tracer = provider.getTracer('ebb', '1.2')

const remote = {
  ...{ traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1, isRemote: true },
  traceState: createTraceState('a=1,b=2'),
}
const within = trace.setSpanContext(ROOT_CONTEXT, remote)

function written(spans: readonly ReadableSpan[]): Buffer {
  const writer = new ProtobufWriter()
  const start = writer.open(1)
  writeResource(writer, 1, resource)
  const scope = writer.open(2)
  writeScope(writer, 1, spans[0]?.instrumentationScope ?? { name: '' })
  for (const span of spans) writeSpan(writer, 2, span)
  writer.close(scope)
  writer.close(start)
  return Buffer.from(writer.written)
}

/** What the official serializer makes of the spans that have ended, and what we do. */
function bothOf() {
  const spans = ended.splice(0)
  expect(spans.length).toBeGreaterThan(0)
  return { ours: written(spans).toString('hex'), official: officially(spans).toString('hex') }
}
const officially = (spans: ReadableSpan[]) => Buffer.from(ProtobufTraceSerializer.serializeRequest(spans) ?? [])

const VALUES: Readonly<Record<string, Attributes[string]>> = {
  'a text': 'GET',
  'no text': '',
  'a text of several bytes a character': 'Größe: 5 µm, 日本, 🎈',
  'a text that goes on with one': `${'a'.repeat(200)}ß`,
  'half a pair': 'a\ud83c',
  'a long text': 'x'.repeat(20_000),
  'a text of 127 bytes': 'x'.repeat(127),
  'a text of 128 bytes': 'x'.repeat(128),
  true: true,
  false: false,
  zero: 0,
  'minus zero': -0,
  'a port': 8_080,
  'a number of 32 bits': 2 ** 32 - 1,
  'a number of 33 bits': 2 ** 32,
  'the greatest safe number': Number.MAX_SAFE_INTEGER,
  'a whole number beyond 64 bits': 2 ** 63,
  'a negative number': -1,
  'the smallest safe number': Number.MIN_SAFE_INTEGER,
  'a fraction': 0.1,
  'not a number': Number.NaN,
  infinity: Number.POSITIVE_INFINITY,
  'a list': ['a', 'b', 'ß'],
  'a list of numbers': [1, 2.5, -3],
  'no list': [],
}

it.each(Object.keys(VALUES))('writes an attribute as the official serializer does: %s', (name) => {
  tracer.startSpan('GET', { kind: SpanKind.SERVER, attributes: { first: 1, value: VALUES[name], last: 'z' } }).end()
  const { ours, official } = bothOf()
  expect(ours).toBe(official)
})

it('writes maps, bytes and nothing within a value', () => {
  const nested = { map: { a: 1, deep: { b: ['x', 2, true] } }, bytes: new Uint8Array([0, 1, 255]), nothing: null }
  tracer.startSpan('GET', { attributes: { value: nested as never } }).end()
  const { ours, official } = bothOf()
  expect(ours).toBe(official)
})

it.each(Object.values(SpanKind).filter((kind) => typeof kind === 'number'))('writes kind %i', (kind) => {
  tracer.startSpan('GET', { kind }).end()
  const { ours, official } = bothOf()
  expect(ours).toBe(official)
})

it('writes parents, links, events and how it ended', () => {
  const span = tracer.startSpan('process order.placed', { links: [{ context: remote, attributes: { a: 1 } }] }, within)
  span.addEvent('waited', { ms: 12 }).addEvent('went on')
  span.recordException(new Error('no'))
  span.setStatus({ code: SpanStatusCode.ERROR, message: 'it broke' })
  tracer.startSpan('inner', {}, trace.setSpan(ROOT_CONTEXT, span)).end()
  span.addLink({ context: { ...remote, isRemote: false, traceFlags: 0 } })
  span.end()
  tracer.startSpan('fine').setStatus({ code: SpanStatusCode.OK }).end()
  const { ours, official } = bothOf()
  expect(ours).toBe(official)
})

it.each([
  [0, 0],
  [1, 999_999_999],
  [1_764_172_800, 1],
  [1_764_172_800, 123_456_789],
  [4_294_967_295, 999_999_999],
])('writes %i s and %i ns as nanoseconds', (seconds, nanoseconds) => {
  tracer.startSpan('GET', { startTime: [seconds, nanoseconds] }).end([seconds, nanoseconds])
  const [span] = ended
  const bytes = written(ended).toString('hex')
  const { official } = bothOf()
  expect(bytes).toBe(official)
  const exact = Buffer.alloc(8)
  exact.writeBigUInt64LE(BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds))
  expect(span?.startTime).toEqual([seconds, nanoseconds])
  expect(bytes).toContain(exact.toString('hex'))
})

it('writes a thousand spans with the same buffer', () => {
  for (let i = 0; i < 1_000; i++)
    tracer.startSpan(`GET /v1/orders/${i}`, { attributes: { i, text: 'x'.repeat(i) } }).end()
  const { ours, official } = bothOf()
  expect(ours === official).toBe(true)
})

it('keeps no buffer that one large batch has left', () => {
  const writer = new ProtobufWriter()
  writer.string(1, 'x'.repeat(4_000_000))
  expect(writer.written.buffer.byteLength).toBeGreaterThan(4_000_000)
  writer.clear()
  writer.string(1, 'x')
  expect(writer.written.buffer.byteLength).toBeLessThan(100_000)
})
