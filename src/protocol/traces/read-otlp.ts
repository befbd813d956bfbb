import type { Span, SpanKind } from './span.ts'

/** What is not OTLP, in a sentence. */
export class OtlpError extends Error {
  override readonly name = 'OtlpError'
}

/** What one export may hold of each span; what is more is left out. */
const MAX_ATTRIBUTES = 64
const MAX_TEXT_CHARACTERS = 4_096
const MAX_NAME_CHARACTERS = 512

/**
 * The spans of an ExportTraceServiceRequest of OTLP in JSON, parsed. Ids in any case, numbers as text or number, kinds as number or
 * name: as senders write them. Throws an OtlpError where it is something else.
 */
export function readOtlp(request: unknown): readonly Span[] {
  return listOf(request, 'resourceSpans').flatMap((ofResource) => {
    const resource = attributesOf(memberOf(ofResource, 'resource'))
    const part = String(resource['service.name'] ?? 'unknown').slice(0, MAX_NAME_CHARACTERS)
    return listOf(ofResource, 'scopeSpans').flatMap((ofScope) =>
      listOf(ofScope, 'spans').map((span) => toSpan(part, span)),
    )
  })
}

const KINDS: readonly SpanKind[] = ['internal', 'internal', 'server', 'client', 'producer', 'consumer']
const ERROR = [2, 'STATUS_CODE_ERROR']

function toSpan(part: string, span: unknown): Span {
  const status = memberOf(span, 'status')
  const parent = memberOf(span, 'parentSpanId')
  const attributes = attributesOf(span)
  const exception = listOf(span, 'events')
    .map(attributesOf)
    .find((event) => event['exception.message'] !== undefined)
  const message = memberOf(status, 'message') ?? exception?.['exception.message']
  return {
    traceId: idOf(span, 'traceId', 32),
    spanId: idOf(span, 'spanId', 16),
    parentSpanId: parent ? idOf(span, 'parentSpanId', 16) : null,
    part,
    name: String(memberOf(span, 'name') ?? '').slice(0, MAX_NAME_CHARACTERS),
    kind: kindOf(memberOf(span, 'kind')),
    startUs: microsecondsOf(span, 'startTimeUnixNano'),
    endUs: microsecondsOf(span, 'endTimeUnixNano'),
    failed: ERROR.includes(memberOf(status, 'code') as string | number),
    message: message ? String(message).slice(0, MAX_TEXT_CHARACTERS) : null,
    attributes,
  }
}

const kindOf = (kind: unknown): SpanKind =>
  (typeof kind === 'number' ? KINDS[kind] : KINDS.find((name) => `SPAN_KIND_${name.toUpperCase()}` === kind)) ??
  'internal'

function idOf(span: unknown, name: string, digits: number): string {
  const id = String(memberOf(span, name) ?? '').toLowerCase()
  if (id.length !== digits || !/^[0-9a-f]+$/.test(id)) throw new OtlpError(`${name} must have ${digits} hex digits`)
  return id
}

function microsecondsOf(span: unknown, name: string): number {
  const nanoseconds = memberOf(span, name)
  if (!/^\d{1,20}$/.test(String(nanoseconds))) throw new OtlpError(`${name} must be nanoseconds since 1970`)
  return Number(BigInt(String(nanoseconds)) / 1_000n)
}

function attributesOf(of: unknown): Readonly<Record<string, unknown>> {
  const pairs = listOf(of, 'attributes').slice(0, MAX_ATTRIBUTES)
  return Object.fromEntries(
    pairs.map((pair) => [
      String(memberOf(pair, 'key')).slice(0, MAX_NAME_CHARACTERS),
      readValue(memberOf(pair, 'value')),
    ]),
  )
}

/** An AnyValue is an object with one member, whose name is its type. */
function readValue(tagged: unknown): unknown {
  const [[type, value] = []] = Object.entries(Object(tagged))
  if (type === 'intValue') return Number(value)
  if (type === 'stringValue') return String(value).slice(0, MAX_TEXT_CHARACTERS)
  if (type === 'boolValue' || type === 'doubleValue') return value
  if (type === 'arrayValue') return listOf(value, 'values').slice(0, MAX_ATTRIBUTES).map(readValue)
  // Nothing of ours has maps or bytes; deeper ones would have no bound.
  return value === undefined ? null : `(${type})`
}

const memberOf = (of: unknown, name: string): unknown => Object(of)[name]

function listOf(of: unknown, name: string): readonly unknown[] {
  const list = memberOf(of, name)
  if (list === undefined || list === null) return []
  if (!Array.isArray(list)) throw new OtlpError(`${name} must be a list`)
  return list
}
