import type { Attributes } from '@opentelemetry/api'
import type { Resource } from '@opentelemetry/resources'
import type { HistogramMetricData, MetricProducer } from '@opentelemetry/sdk-metrics'
import type { Served } from './server-spans.ts'

type Point = HistogramMetricData['dataPoints'][number]
type Time = Point['startTime']

interface Counted {
  /** The first of them. */
  readonly served: Served
  readonly attributes: Attributes
  readonly counts: number[]
  count: number
  sum: number
  min: number
  max: number
}

/** Of the HTTP and FaaS semantic conventions, in seconds. */
export const SECONDS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

/**
 * `http.server.request.duration`, counted from the first request on, before the SDK's code is loaded, which then collects
 * it as it collects its own. Its own instruments hash the attributes at each record; here a request costs a look-up.
 */
export function countDurations() {
  const counted: Counted[] = []
  const startTime = now()
  /** The same as the last one, more often than not. */
  let last: Counted | undefined
  const countedWith = (served: Served): Counted => {
    if (last && isLike(last.served, served)) return last
    last = counted.find((one) => isLike(one.served, served)) ?? begin(served)
    if (last.count === 0) counted.push(last)
    return last
  }
  return {
    record: (served: Served): void => {
      const { seconds } = served
      const one = countedWith(served)
      const bucket = SECONDS.findIndex((most) => seconds <= most)
      const at = bucket < 0 ? SECONDS.length : bucket
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

const isLike = (one: Served, other: Served) =>
  one.status === other.status && one.method === other.method && one.facts === other.facts

const begin = (served: Served): Counted => ({
  served,
  attributes: {
    'http.request.method': served.method,
    'url.scheme': 'http',
    'http.response.status_code': served.status,
    ...(served.facts ? { 'http.route': served.facts.route } : {}),
    ...(served.status >= 500 ? { 'error.type': String(served.status) } : {}),
  },
  counts: Array.from({ length: SECONDS.length + 1 }, () => 0),
  ...{ count: 0, sum: 0, min: Number.POSITIVE_INFINITY, max: 0 },
})

const toPoint = ({ attributes, counts, count, sum, min, max }: Counted, startTime: Time, endTime: Time): Point => ({
  ...{ startTime, endTime, attributes },
  value: { ...{ count, sum, min, max }, buckets: { boundaries: [...SECONDS], counts: [...counts] } },
})

/** Seconds and nanoseconds since 1970. */
function now(): Time {
  const ms = Date.now()
  return [Math.trunc(ms / 1_000), (ms % 1_000) * 1_000_000]
}
