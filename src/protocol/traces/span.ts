/** What a span is about: the kinds of OpenTelemetry. */
export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer'

/** How the span of a request is called that waits for a connection of its pool. */
export const CONNECTION_WAIT = 'wait for a connection'
/** How the span of a message is called that is handed to a mail server. */
export const SEND_MAIL = 'send mail'

/** A span as the laptop keeps it, and as a trace is told from it. */
export interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | null
  /** gateway, relay, or the function: its resource's `service.name`. */
  readonly part: string
  readonly name: string
  readonly kind: SpanKind
  /** Microseconds since 1970. */
  readonly startUs: number
  readonly endUs: number
  readonly failed: boolean
  /** What its status says. */
  readonly message: string | null
  readonly attributes: Readonly<Record<string, unknown>>
}

/** An attribute that is text; undefined where it is none. */
export function textAttribute({ attributes }: Pick<Span, 'attributes'>, name: string): string | undefined {
  const value = attributes[name]
  return typeof value === 'string' ? value : undefined
}

/** The HTTP status that a span tells; null where it tells none. */
export function statusOf({ attributes }: Pick<Span, 'attributes'>): number | null {
  const status = Number(attributes['http.response.status_code'])
  return Number.isInteger(status) ? status : null
}
