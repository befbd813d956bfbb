import type { Attributes } from '@opentelemetry/api'
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace'
import { redactSecrets } from '../kernel/redact.ts'

/** Takes secrets out of a span when it ends, before the processors after this one export it. */
export const redactSpans: SpanProcessor = {
  onStart: () => {},
  onEnd: ({ attributes, events, status }: ReadableSpan) => {
    redactAttributes(attributes)
    for (const event of events) redactAttributes(event.attributes)
    if (status.message) status.message = redactSecrets(status.message)
  },
  forceFlush: async () => {},
  shutdown: async () => {},
}

function redactAttributes(attributes: Attributes = {}) {
  // One search in all of it, since there is hardly ever anything to be found.
  let all = ''
  for (const name in attributes) all += `${attributes[name]}\n`
  if (redactSecrets(all) === all) return
  for (const name in attributes) {
    const value = attributes[name]
    if (typeof value === 'string') attributes[name] = redactSecrets(value)
    else if (Array.isArray(value))
      attributes[name] = value.map((item) => (typeof item === 'string' ? redactSecrets(item) : item)) as typeof value
  }
}
