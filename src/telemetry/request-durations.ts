import type { Attributes } from '@opentelemetry/api'
import type { Resource } from '@opentelemetry/resources'
import type { HistogramMetricData, MetricProducer } from '@opentelemetry/sdk-metrics'
import type { CompletedRequest } from './server-spans.ts'

type Point = HistogramMetricData['dataPoints'][number]
type Time = Point['startTime']

interface DurationSeries {
  /** The first of them. */
  readonly served: CompletedRequest
  readonly attributes: Attributes
  readonly counts: number[]
  count: number
  sum: number
  min: number
  max: number
}

/** Of the HTTP and FaaS semantic conventions, in seconds. */
export const DURATION_BOUNDARIES_SECONDS: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
]

/**
 * `http.server.request.duration`, counted from the first request on, before the SDK's code is loaded, which then collects
 * it as it collects its own. Its own instruments hash the attributes at each record; here a request costs a look-up.
 */
export function createRequestDurations() {
  const counted: DurationSeries[] = []
  const startTime = now()
  /** The same as the last one, more often than not. */
  let last: DurationSeries | undefined
  const countedWith = (served: CompletedRequest): DurationSeries => {
    if (last && isSameSeries(last.served, served)) return last
    last = counted.find((one) => isSameSeries(one.served, served)) ?? createSeries(served)
    if (last.count === 0) counted.push(last)
    return last
  }
  return {
    record: (served: CompletedRequest): void => {
      const { seconds } = served
      const one = countedWith(served)
      const bucket = DURATION_BOUNDARIES_SECONDS.findIndex((most) => seconds <= most)
      const at = bucket < 0 ? DURATION_BOUNDARIES_SECONDS.length : bucket
      one.counts[at] = (one.counts[at] ?? 0) + 1
      one.count++
      one.sum += seconds
      one.min = Math.min(one.min, seconds)
      one.max = Math.max(one.max, seconds)
    },
    producer: (resource: Resource): MetricProducer => ({
      collect: async () => {
        const endTime = now()
        const dataPoints = counted.map((one) => toPoint(one, startTime, endTime))
        const metrics = dataPoints.length > 0 ? [{ ...METRIC, dataPoints }] : []
        return { errors: [], resourceMetrics: { resource, scopeMetrics: [{ scope: { name: 'ebb' }, metrics }] } }
      },
    }),
  }
}

const METRIC: Omit<HistogramMetricData, 'dataPoints'> = {
  descriptor: {
    name: 'http.server.request.duration',
    description: 'Duration of HTTP server requests.',
    unit: 's',
    // ValueType.DOUBLE, by its value: the enumeration is in the code that is loaded later.
    valueType: 1,
  },
  // AggregationTemporality.CUMULATIVE and DataPointType.HISTOGRAM.
  aggregationTemporality: 1,
  dataPointType: 0,
}

const isSameSeries = (one: CompletedRequest, other: CompletedRequest) =>
  one.status === other.status && one.method === other.method && one.routeAttributes === other.routeAttributes

const createSeries = (served: CompletedRequest): DurationSeries => ({
  served,
  attributes: {
    'http.request.method': served.method,
    'url.scheme': 'http',
    'http.response.status_code': served.status,
    ...(served.routeAttributes ? { 'http.route': served.routeAttributes.route } : {}),
    ...(served.status >= 500 ? { 'error.type': String(served.status) } : {}),
  },
  counts: Array.from({ length: DURATION_BOUNDARIES_SECONDS.length + 1 }, () => 0),
  ...{ count: 0, sum: 0, min: Number.POSITIVE_INFINITY, max: 0 },
})

const toPoint = (
  { attributes, counts, count, sum, min, max }: DurationSeries,
  startTime: Time,
  endTime: Time,
): Point => ({
  ...{ startTime, endTime, attributes },
  value: {
    ...{ count, sum, min, max },
    buckets: { boundaries: [...DURATION_BOUNDARIES_SECONDS], counts: [...counts] },
  },
})

/** Seconds and nanoseconds since 1970. */
function now(): Time {
  const ms = Date.now()
  return [Math.trunc(ms / 1_000), (ms % 1_000) * 1_000_000]
}
