import type { Attributes, Span } from '@opentelemetry/api'

/**
 * Gives a span attributes of ours: few, and none but strings, numbers and booleans. The SDK's own way looks through each
 * value for cycles, with a WeakSet for each, which took as long as all else that it does about a span.
 */
export function describeSpan(span: Span, attributes: Attributes): void {
  if ('attributes' in span) Object.assign(span.attributes as Attributes, attributes)
  else span.setAttributes(attributes)
}
