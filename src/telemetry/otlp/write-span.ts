import type { Attributes, AttributeValue, Link, SpanContext, SpanStatus } from '@opentelemetry/api'
import type { InstrumentationScope } from '@opentelemetry/core'
import type { Resource } from '@opentelemetry/resources'
import type { ReadableSpan, TimedEvent } from '@opentelemetry/sdk-trace'
import type { ProtobufWriter } from './protobuf-writer.ts'

/** Flags of SpanFlags: that IS_REMOTE is set or not on purpose; that the parent is in another process. */
const HAS_IS_REMOTE = 0x100
const IS_REMOTE = 0x200

/** Writes a span as a field of opentelemetry.proto.trace.v1.ScopeSpans, its fields in their order. */
export function writeSpan(to: ProtobufWriter, field: number, span: ReadableSpan): void {
  const { parentSpanContext: parent } = span
  const context = span.spanContext()
  const start = to.open(field)
  writeIds(to, context)
  if (parent?.spanId) to.hex(4, parent.spanId)
  to.string(5, span.name)
  to.integer(6, span.kind + 1)
  to.nanoseconds(7, span.startTime)
  to.nanoseconds(8, span.endTime)
  writeAttributes(to, 9, span.attributes)
  to.integer(10, span.droppedAttributesCount)
  for (const event of span.events) writeEvent(to, 11, event)
  to.integer(12, span.droppedEventsCount)
  for (const link of span.links) writeLink(to, 13, link)
  to.integer(14, span.droppedLinksCount)
  writeStatus(to, 15, span.status)
  to.fixed32(16, flagsOf(context, parent?.isRemote))
  to.close(start)
}

/** Writes an OTLP `Resource` as the given field. */
export function writeResource(to: ProtobufWriter, field: number, resource: Resource): void {
  const start = to.open(field)
  writeAttributes(to, 1, resource.attributes as Attributes)
  to.integer(2, 0)
  to.close(start)
}

/** Writes an OTLP `InstrumentationScope` as the given field. */
export function writeScope(to: ProtobufWriter, field: number, { name, version }: InstrumentationScope): void {
  const start = to.open(field)
  to.string(1, name)
  if (version) to.string(2, version)
  to.close(start)
}

function writeEvent(to: ProtobufWriter, field: number, event: TimedEvent) {
  const start = to.open(field)
  to.nanoseconds(1, event.time)
  to.string(2, event.name)
  writeAttributes(to, 3, event.attributes)
  to.integer(4, event.droppedAttributesCount ?? 0)
  to.close(start)
}

function writeLink(to: ProtobufWriter, field: number, link: Link) {
  const start = to.open(field)
  writeIds(to, link.context)
  writeAttributes(to, 4, link.attributes)
  to.integer(5, link.droppedAttributesCount ?? 0)
  to.fixed32(6, flagsOf(link.context, link.context.isRemote))
  to.close(start)
}

function writeIds(to: ProtobufWriter, { traceId, spanId, traceState }: SpanContext) {
  to.hex(1, traceId)
  to.hex(2, spanId)
  const state = traceState?.serialize()
  if (state) to.string(3, state)
}

function writeStatus(to: ProtobufWriter, field: number, { code, message }: SpanStatus) {
  const start = to.open(field)
  if (message) to.string(2, message)
  to.integer(3, code)
  to.close(start)
}

const flagsOf = ({ traceFlags }: SpanContext, isRemote = false) =>
  (traceFlags & 0xff) | HAS_IS_REMOTE | (isRemote ? IS_REMOTE : 0)

function writeAttributes(to: ProtobufWriter, field: number, attributes: Attributes = {}) {
  for (const name in attributes) writeKeyValue(to, field, name, attributes[name])
}

function writeKeyValue(to: ProtobufWriter, field: number, name: string, value: AttributeValue | undefined) {
  const start = to.open(field)
  to.string(1, name)
  writeAnyValue(to, 2, value)
  to.close(start)
}

function writeAnyValue(to: ProtobufWriter, field: number, value: unknown) {
  const start = to.open(field)
  if (typeof value === 'string') to.string(1, value)
  else if (typeof value === 'boolean') to.integer(2, value ? 1 : 0)
  else if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 63) to.integer(3, value)
  else if (typeof value === 'number') to.double(4, value)
  else if (value instanceof Uint8Array) to.bytes(7, value)
  else if (Array.isArray(value)) {
    const list = to.open(5)
    for (const item of value) writeAnyValue(to, 1, item)
    to.close(list)
  } else if (value !== null && typeof value === 'object') {
    const map = to.open(6)
    for (const [name, inner] of Object.entries(value)) writeKeyValue(to, 1, name, inner as AttributeValue)
    to.close(map)
  }
  to.close(start)
}
