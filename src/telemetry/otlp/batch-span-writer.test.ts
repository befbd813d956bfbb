import { beforeEach, expect, it } from '@jest/globals'
import { context, TraceFlags } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import { type ReadableSpan, TracerProvider } from '@opentelemetry/sdk-trace'
import { untilTrue } from '../../../test/support/until.ts'
import { BatchSpanWriter, type SpanBatch } from './batch-span-writer.ts'

const LIMITS = {
  OTEL_BSP_MAX_QUEUE_SIZE: 10,
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: 4,
  OTEL_BSP_SCHEDULE_DELAY: 60_000,
  OTEL_BSP_EXPORT_TIMEOUT: 60_000,
}

interface Sent extends SpanBatch {
  readonly arrive: () => void
}

let sent: Sent[]
let ended: ReadableSpan[]
beforeEach(() => {
  sent = []
  ended = []
})

/** A provider whose batches wait in `sent` until the test lets them arrive. */
function open(limits: Partial<typeof LIMITS> = {}) {
  const batches = new BatchSpanWriter({ ...LIMITS, ...limits }, ({ bytes, spans }, arrive) => {
    sent.push({ bytes: Buffer.from(bytes), spans, arrive })
  })
  const kept = {
    ...{ onStart() {}, forceFlush: async () => {}, shutdown: async () => {} },
    onEnd: (span: ReadableSpan) => void ended.push(span),
  }
  const provider = new TracerProvider({ spanProcessors: [kept, batches] })
  const tracer = provider.getTracer('ebb')
  const end = (many: number, of = tracer) => {
    for (let i = 0; i < many; i++) of.startSpan(`GET ${ended.length}`).end()
  }
  return { provider, batches, tracer, end }
}

const officially = (spans: ReadableSpan[]) => Buffer.from(ProtobufTraceSerializer.serializeRequest(spans) ?? [])
const bytesOf = (at: number) => Buffer.from(sent[at]?.bytes ?? [])
const next = async (many: number) => {
  await untilTrue(() => sent.length === many, { what: `batch ${many}` })
}

it('sends a batch when it is full, the next when that has arrived, and what is left when it is flushed', async () => {
  const { batches, end } = open()
  end(3)
  expect(sent).toEqual([])
  end(6)
  expect(sent.map(({ spans }) => spans)).toEqual([4])
  sent[0]?.arrive()
  await next(2)
  sent[1]?.arrive()
  const flushed = batches.forceFlush()
  await next(3)
  sent[2]?.arrive()
  await flushed
  const parts = [ended.slice(0, 4), ended.slice(4, 8), ended.slice(8)]
  expect(sent.map((_, at) => bytesOf(at).toString('hex'))).toEqual(
    parts.map((part) => officially(part).toString('hex')),
  )
})

it('sends what waits when the time has come', async () => {
  const { end } = open({ OTEL_BSP_SCHEDULE_DELAY: 5 })
  end(1)
  await next(1)
  sent[0]?.arrive()
  end(1)
  await next(2)
  expect(bytesOf(1)).toEqual(officially(ended.slice(1)))
})

it('sends the spans of each tracer by themselves', async () => {
  const { provider, end } = open()
  end(1)
  end(1, provider.getTracer('a library', '1.0'))
  end(2)
  sent[0]?.arrive()
  await next(2)
  const [first, ofLibrary, ...others] = ended as [ReadableSpan, ReadableSpan, ...ReadableSpan[]]
  const expected = [officially([first, ...others]), officially([ofLibrary])]
  expect([0, 1].map((at) => bytesOf(at).toString('hex'))).toEqual(expected.map((bytes) => bytes.toString('hex')))
})

it('drops what is beyond the queue, and takes spans again when a batch has arrived', async () => {
  const { batches, end } = open()
  end(30)
  sent[0]?.arrive()
  await next(2)
  end(30)
  const flushed = batches.forceFlush()
  for (let at = 1; at < 4; at++) {
    await next(at + 1)
    sent[at]?.arrive()
  }
  await flushed
  // Ten at first; four more when the first four had arrived.
  expect(sent.map(({ spans }) => spans)).toEqual([4, 4, 4, 2])
})

it('gives a batch up that does not arrive in time, and goes on', async () => {
  const { end } = open({ OTEL_BSP_EXPORT_TIMEOUT: 5 })
  end(8)
  await next(2)
  expect(bytesOf(1)).toEqual(officially(ended.slice(4)))
})

it('takes no span that is not sampled, and none after its shutdown', async () => {
  const { batches, tracer, end } = open()
  const span = tracer.startSpan('not sampled')
  span.spanContext().traceFlags = TraceFlags.NONE
  span.end()
  end(1)
  const shutDown = batches.shutdown()
  await next(1)
  sent[0]?.arrive()
  await shutDown
  end(10)
  await batches.forceFlush()
  expect(sent.map(({ spans }) => spans)).toEqual([1])
})

it('traces nothing of its own sending', async () => {
  let active: unknown = 'nothing was sent'
  const batches = new BatchSpanWriter({ ...LIMITS, OTEL_BSP_MAX_EXPORT_BATCH_SIZE: 1 }, (_batch, done) => {
    active = provider.getTracer('http').startSpan('POST /v1/traces').isRecording()
    done()
  })
  const provider = new TracerProvider({ spanProcessors: [batches] })
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  provider.getTracer('ebb').startSpan('GET').end()
  await batches.forceFlush()
  context.disable()
  expect(active).toBe(false)
})
