import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { traceOperation } from './field-spans.ts'

const exporter = new InMemorySpanExporter()
beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }))
})
afterAll(() => {
  trace.disable()
  context.disable()
})
beforeEach(() => exporter.reset())

const inRequest = (work: () => Promise<unknown>) =>
  trace.getTracer('test').startActiveSpan('request', async (span) => {
    await work()
    span.end()
  })
const spans = () => exporter.getFinishedSpans()

it('a look-up has a span below the request, and what fails says so', async () => {
  await inRequest(async () => {
    const withSpan = traceOperation('query', 'Home')
    await withSpan('order.product', 'get-product', async () => 1)
    await withSpan('order', 'get-order', async () => Promise.reject(new RangeError())).catch(() => {})
  })
  const [first, second, request] = spans()
  expect(first).toMatchObject({
    name: 'resolve order.product',
    attributes: { 'graphql.field.path': 'order.product', 'ebb.endpoint': 'get-product' },
  })
  expect(first?.parentSpanContext?.spanId).toBe(request?.spanContext().spanId)
  expect(second?.attributes['error.type']).toBe('RangeError')
  expect(request?.attributes).toEqual({ 'graphql.operation.type': 'query', 'graphql.operation.name': 'Home' })
})

it('fifty look-ups have one each, and the request says how many others there were', async () => {
  await inRequest(async () => {
    const withSpan = traceOperation('query', undefined)
    for (let i = 0; i < 70; i++) await withSpan('a', 'get-a', async () => i)
  })
  expect(spans().filter(({ name }) => name === 'resolve a')).toHaveLength(50)
  expect(spans().at(-1)?.attributes['ebb.graphql.untraced']).toBe(20)
})
