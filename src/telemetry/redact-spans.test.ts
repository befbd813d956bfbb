import { expect, it } from '@jest/globals'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { registerSecrets } from '../kernel/redact.ts'
import { redactSpans } from './redact-spans.ts'

it('an exported span holds no secret', async () => {
  registerSecrets('sk_live_0123456789')
  const exporter = new InMemorySpanExporter()
  const provider = new TracerProvider({ spanProcessors: [redactSpans, new SimpleSpanProcessor({ exporter })] })
  const span = provider.getTracer('test').startSpan('call')
  span.setAttribute('url.full', 'https://api.example/?key=sk_live_0123456789')
  span.setAttribute('list', ['sk_live_0123456789', 'x'])
  span.recordException(new Error('no sk_live_0123456789'))
  span.setStatus({ code: 2, message: 'no sk_live_0123456789' })
  span.end()
  await provider.forceFlush()
  const [exported] = exporter.getFinishedSpans()
  const { attributes, events, status } = exported ?? {}
  expect(JSON.stringify({ attributes, events, status })).not.toContain('0123')
  expect(attributes).toMatchObject({ 'url.full': 'https://api.example/?key=[redacted]', list: ['[redacted]', 'x'] })
})
