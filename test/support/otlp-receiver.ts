import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import * as z from 'zod'

/** How the receiver answers: as it should, with 503, or not at all. */
export type Behaviour = 'well' | 'unavailable' | 'hang'

/** One request to it, whatever became of it. */
export interface ExportRequest {
  readonly path: string
  readonly contentType: string
  readonly bytes: number
  readonly status: 200 | 400 | 404 | 503 | 'hanging'
}

interface Received {
  readonly spans: Span[]
  readonly metrics: Metric[]
  readonly requests: ExportRequest[]
}

const LIMIT_MS = 60_000

/**
 * A collector that takes OTLP over HTTP on a port of its own. What comes as http/json can be looked at, what comes as
 * http/protobuf is only counted, and of what it refuses it keeps nothing.
 */
export async function startOtlpReceiver({ behaviour = 'well' }: { behaviour?: Behaviour } = {}) {
  const came: Received = { spans: [], metrics: [], requests: [] }
  const waiting = new Set<() => void>()
  let now = behaviour

  const receive = async (request: IncomingMessage, response: ServerResponse) => {
    const sent = Buffer.concat(await request.toArray())
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent
    const path = request.method === 'POST' ? (request.url ?? '') : ''
    const contentType = (request.headers['content-type'] ?? '').replace(/;.*/, '')
    const status = now === 'well' ? parseExport(came, path, contentType, body) : now === 'hang' ? 'hanging' : 503
    came.requests.push({ path, contentType, bytes: sent.length, status })
    if (status !== 'hanging') {
      response.writeHead(status, { 'content-type': contentType }).end(contentType === JSON_TYPE ? '{}' : '')
    }
    for (const look of waiting) look()
  }
  // Who hangs up in the middle has sent nothing.
  const server = createServer((request, response) => void receive(request, response).catch(() => response.destroy()))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    /** For OTEL_EXPORTER_OTLP_ENDPOINT. A server that listens on a port has an address. */
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: (): readonly Span[] => [...came.spans],
    /** Every export of every metric, in the order in which they came. */
    metrics: (): readonly Metric[] => [...came.metrics],
    requests: (): readonly ExportRequest[] => [...came.requests],
    /** Takes effect with the next request. */
    behave: (next: Behaviour) => {
      now = next
    },
    /** Resolves once a condition over what came holds; rejects after a minute with a list of what did. */
    until: async (holds: () => boolean, { limitMs = LIMIT_MS, what = 'the condition' } = {}): Promise<void> => {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const look = () => {
        try {
          if (holds()) resolve()
        } catch (error) {
          reject(error)
        }
      }
      const giveUp = () =>
        reject(new Error(`${what} did not hold within ${limitMs} ms; this came:\n${describeReceived(came)}`))
      const timer = setTimeout(giveUp, limitMs)
      waiting.add(look)
      look()
      await promise.finally(() => {
        clearTimeout(timer)
        waiting.delete(look)
      })
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export type OtlpReceiver = Awaited<ReturnType<typeof startOtlpReceiver>>

const JSON_TYPE = 'application/json'

function parseExport(came: Received, path: string, contentType: string, body: Buffer): ExportRequest['status'] {
  if (path !== '/v1/traces' && path !== '/v1/metrics') return 404
  if (contentType === 'application/x-protobuf') return 200
  try {
    const sent: unknown = JSON.parse(body.toString())
    if (path === '/v1/traces') came.spans.push(...Traces.parse(sent))
    else came.metrics.push(...Metrics.parse(sent))
    return 200
  } catch {
    return 400
  }
}

function describeReceived({ spans, metrics, requests }: Received): string {
  const lines = [
    ...requests.map(({ path, status, bytes }) => `  POST ${path} ${status}, ${bytes} bytes`),
    ...spans.map(({ kind, name, traceId }) => `  ${kind} ${name}, trace ${traceId}`),
    ...metrics.map(({ name, points }) => `  metric ${name}, ${points.length} points`),
  ]
  return lines.join('\n') || '  nothing'
}

const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const
const STATUSES = ['unset', 'ok', 'error'] as const

/** A value of OTLP is an object with one member, whose name is its type. */
function toValue(tagged: Readonly<Record<string, unknown>>): unknown {
  const [type, value] = Object.entries(tagged)[0] ?? []
  if (type === 'intValue') return Number(value)
  if (type === 'arrayValue') return (Object(value).values ?? []).map(toValue)
  if (type === 'kvlistValue') return Attributes.parse(Object(value).values)
  return value
}

const Tagged = z.record(z.string(), z.unknown())
const Attributes = z
  .array(z.object({ key: z.string(), value: Tagged }))
  .default([])
  .transform((pairs) => Object.fromEntries(pairs.map(({ key, value }) => [key, toValue(value)])))
const Resource = z.object({ attributes: Attributes }).default({ attributes: {} })
const Ids = z.object({ traceId: z.string().regex(/^[0-9a-f]{32}$/), spanId: z.string().regex(/^[0-9a-f]{16}$/) })
const nanoseconds = z.coerce.bigint()

const SentSpan = Ids.extend({
  // Without a parent it may be empty, too.
  parentSpanId: z
    .literal('')
    .transform(() => undefined)
    .or(Ids.shape.spanId)
    .optional(),
  name: z.string(),
  kind: z.int().transform((code) => KINDS[code] ?? 'unspecified'),
  startTimeUnixNano: nanoseconds,
  endTimeUnixNano: nanoseconds,
  attributes: Attributes,
  links: z.array(Ids).default([]),
  events: z.array(z.object({ name: z.string(), attributes: Attributes })).default([]),
  status: z
    .object({ code: z.int().default(0), message: z.string().optional() })
    .prefault({})
    .transform(({ code, ...rest }) => ({ code: STATUSES[code] ?? 'unset', ...rest })),
})
const Scope = z.object({ name: z.string().default('') }).default({ name: '' })
const Traces = z
  .object({
    resourceSpans: z.array(
      z.object({ resource: Resource, scopeSpans: z.array(z.object({ scope: Scope, spans: z.array(SentSpan) })) }),
    ),
  })
  .transform(({ resourceSpans }) =>
    resourceSpans.flatMap(({ resource, scopeSpans }) =>
      scopeSpans.flatMap(({ scope, spans }) =>
        spans.map((span) => ({ ...span, scope: scope.name, resource: resource.attributes })),
      ),
    ),
  )

/** A span as it came; its times are nanoseconds since 1970. */
export type Span = z.output<typeof Traces>[number]

const numbers = z.array(z.coerce.number())
const Data = z.object({
  isMonotonic: z.boolean().optional(),
  dataPoints: z.array(
    z
      .object({
        ...{ attributes: Attributes, asInt: z.coerce.number().optional(), asDouble: z.number().optional() },
        ...{ count: z.coerce.number().optional(), sum: z.number().optional() },
        ...{ bucketCounts: numbers.optional(), explicitBounds: numbers.optional() },
      })
      .transform(({ asInt, asDouble, ...point }) => ({ ...point, value: asInt ?? asDouble })),
  ),
})
const SentMetric = z
  .object({
    ...{ name: z.string(), unit: z.string().default(''), description: z.string().default('') },
    ...{ sum: Data.optional(), gauge: Data.optional(), histogram: Data.optional() },
  })
  .transform(({ sum, gauge, histogram, ...metric }) => {
    const type = sum ? (sum.isMonotonic ? 'counter' : 'sum') : gauge ? 'gauge' : 'histogram'
    return { ...metric, type, points: (sum ?? gauge ?? histogram)?.dataPoints ?? [] } as const
  })
const Metrics = z
  .object({
    resourceMetrics: z.array(
      z.object({ resource: Resource, scopeMetrics: z.array(z.object({ metrics: z.array(SentMetric) })) }),
    ),
  })
  .transform(({ resourceMetrics }) =>
    resourceMetrics.flatMap(({ resource, scopeMetrics }) =>
      scopeMetrics.flatMap(({ metrics }) => metrics.map((metric) => ({ ...metric, resource: resource.attributes }))),
    ),
  )

/** A metric as one export has it. A point of a sum or a gauge has a `value`, one of a histogram the other members. */
export type Metric = z.output<typeof Metrics>[number]
