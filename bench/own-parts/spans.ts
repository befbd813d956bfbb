/**
 * node bench/own-parts/spans.ts [rounds]
 *
 * What a SERVER span costs from its start until its bytes are ready to be sent: by src/telemetry/otlp, by the SDK's
 * batching processor and the official serializer, and by these with `setAttributes` in place of `addAttributes`.
 */
import { ROOT_CONTEXT, type Span, SpanKind } from '@opentelemetry/api'
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { AlwaysOnSampler, BatchSpanProcessor, type SpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { parseConfig } from '../../src/kernel/index.ts'
import { BatchSpanWriter } from '../../src/telemetry/otlp/batch-span-writer.ts'
import { addAttributes } from '../../src/telemetry/server-spans.ts'
import { interleave, type Variant } from './interleave.ts'

/** Below the size of a queue, so that none is dropped. */
const SPANS_A_FLUSH = 500

/** Of a request to a function, as src/telemetry/server-spans.ts describes it. */
const attributes = () => ({
  'http.request.method': 'POST',
  'url.scheme': 'http',
  'url.path': '/v1/orders',
  'network.protocol.version': '1.1',
  'http.response.status_code': 201,
  'server.address': 'api.example',
  'server.port': 443,
  'network.peer.address': '10.0.0.7',
  'network.peer.port': 40_312,
  'client.address': '192.0.2.1',
  'user_agent.original': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'http.route': '/v1/orders',
  'faas.trigger': 'http',
})

let bytes = 0
const config = parseConfig({})
const official = () =>
  new BatchSpanProcessor({
    exporter: {
      export: (spans, done) => {
        bytes += ProtobufTraceSerializer.serializeRequest(spans)?.length ?? 0
        done({ code: 0 })
      },
      shutdown: async () => {},
    },
    maxQueueSize: config.OTEL_BSP_MAX_QUEUE_SIZE,
    maxExportBatchSize: config.OTEL_BSP_MAX_EXPORT_BATCH_SIZE,
    scheduledDelayMillis: config.OTEL_BSP_SCHEDULE_DELAY,
  })
const ours = () =>
  new BatchSpanWriter(config, (batch, done) => {
    bytes += batch.bytes.length
    done()
  })

function variant(name: string, processor: SpanProcessor, describe: (span: Span) => void): Variant {
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'place-order' }),
    sampler: new AlwaysOnSampler(),
    spanProcessors: [processor],
  })
  const tracer = provider.getTracer('ebb')
  return {
    name,
    run: async (times) => {
      for (let ended = 0; ended < times; ended++) {
        const span = tracer.startSpan('POST', { kind: SpanKind.SERVER }, ROOT_CONTEXT)
        describe(span)
        span.updateName('POST /v1/orders')
        span.end()
        if (ended % SPANS_A_FLUSH === 0) await processor.forceFlush()
      }
      await processor.forceFlush()
    },
  }
}

await interleave(
  'A span, from its start to its bytes',
  [
    variant('ours', ours(), (span) => addAttributes(span, attributes())),
    variant("the SDK's processor and serializer", official(), (span) => addAttributes(span, attributes())),
    variant('the same, and setAttributes', official(), (span) => void span.setAttributes(attributes())),
    variant('ours, and setAttributes', ours(), (span) => void span.setAttributes(attributes())),
  ],
  { rounds: Number(process.argv[2] ?? 15), times: 10_000 },
)
if (bytes === 0) throw new Error('nothing was exported')
