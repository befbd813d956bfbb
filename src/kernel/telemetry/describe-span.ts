import type { Attributes, Span } from '@opentelemetry/api'

/**
 * Gives a span attributes of ours: few, and none but strings, numbers and booleans. The SDK's own way looks through each
 * value for cycles, with a WeakSet for each, which took as long as all else that it does about a span.
 */
export function describeSpan(span: Span, attributes: Attributes): void {
  if (!('attributes' in span)) return void span.setAttributes(attributes)
  const described = span as { attributes: Attributes }
  described.attributes = isEmpty(described.attributes) ? attributes : { ...described.attributes, ...attributes }
}

function isEmpty(attributes: Attributes): boolean {
  for (const _name in attributes) return false
  return true
}
