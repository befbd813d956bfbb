import type { SpanLimits } from '@opentelemetry/sdk-trace'
import type { Config } from '../config.ts'

/** The specification's. */
const COUNT_LIMIT = 128

/** The limits of spans that are set (the SDK itself reads no environment), and whether one of them is of attributes. */
export function spanLimitsOf(config: Config): { readonly spanLimits: SpanLimits; readonly limitsAttributes: boolean } {
  const count = config.OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT ?? config.OTEL_ATTRIBUTE_COUNT_LIMIT
  const length = config.OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT ?? config.OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT
  return {
    limitsAttributes: count !== undefined || length !== undefined,
    spanLimits: {
      attributeCountLimit: count ?? COUNT_LIMIT,
      attributeValueLengthLimit: length ?? Number.POSITIVE_INFINITY,
      eventCountLimit: config.OTEL_SPAN_EVENT_COUNT_LIMIT ?? COUNT_LIMIT,
      linkCountLimit: config.OTEL_SPAN_LINK_COUNT_LIMIT ?? COUNT_LIMIT,
      attributePerEventCountLimit: config.OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT ?? COUNT_LIMIT,
      attributePerLinkCountLimit: config.OTEL_LINK_ATTRIBUTE_COUNT_LIMIT ?? COUNT_LIMIT,
    },
  }
}
