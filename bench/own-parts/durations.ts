/**
 * node bench/own-parts/durations.ts [rounds]
 *
 * What it costs to record the duration of a request: by the SDK's histogram, as src/telemetry/metrics.ts does, with
 * attributes that are kept, and by the histogram of ours that did it before (decision 0056).
 */
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics'
import { interleave } from './interleave.ts'

interface Request {
  readonly status: number
  readonly seconds: number
}

const BOUNDARIES_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
/** Nine of ten requests succeed. */
const requests: readonly Request[] = Array.from({ length: 10 }, (_, i) => ({
  ...{ status: i < 9 ? 201 : 400, seconds: 0.001 * 2 ** i },
}))
const attributesOf = (status: number) => ({
  'http.request.method': 'POST',
  'url.scheme': 'http',
  'http.response.status_code': status,
  'http.route': '/v1/orders',
})
const kept = new Map([201, 400].map((status) => [status, attributesOf(status)]))

class Reader extends MetricReader {
  override async onShutdown() {}
  override async onForceFlush() {}
}

const reader = new Reader()
const meter = new MeterProvider({ readers: [reader] }).getMeter('ebb')
const histogram = meter.createHistogram('http.server.request.duration', {
  unit: 's',
  advice: { explicitBucketBoundaries: BOUNDARIES_SECONDS },
})

/** A series for each status; a request mostly has that of the last one. */
function createOwnHistogram() {
  const series: { status: number; counts: number[]; count: number; sum: number; min: number; max: number }[] = []
  let last: (typeof series)[number] | undefined
  const create = (status: number) => {
    const counts = Array.from({ length: BOUNDARIES_SECONDS.length + 1 }, () => 0)
    const created = { status, counts, count: 0, sum: 0, min: Number.POSITIVE_INFINITY, max: 0 }
    series.push(created)
    return created
  }
  return {
    record: ({ status, seconds }: Request) => {
      if (last?.status !== status) last = series.find((one) => one.status === status) ?? create(status)
      const bucket = BOUNDARIES_SECONDS.findIndex((boundary) => seconds <= boundary)
      const at = bucket < 0 ? BOUNDARIES_SECONDS.length : bucket
      last.counts[at] = (last.counts[at] ?? 0) + 1
      last.count++
      last.sum += seconds
      last.min = Math.min(last.min, seconds)
      last.max = Math.max(last.max, seconds)
    },
    count: () => series.reduce((sum, { count }) => sum + count, 0),
  }
}

const own = createOwnHistogram()
const forEach = (record: (request: Request) => void) => (times: number) => {
  for (let i = 0; i < times; i++) record(requests[i % requests.length]!)
}

await interleave(
  'A duration',
  [
    {
      name: "the SDK's histogram",
      run: forEach(({ seconds, status }) => histogram.record(seconds, attributesOf(status))),
    },
    {
      name: 'the same, attributes kept',
      run: forEach(({ seconds, status }) => histogram.record(seconds, kept.get(status)!)),
    },
    { name: 'ours', run: forEach(own.record) },
  ],
  { rounds: Number(process.argv[2] ?? 15), times: 50_000 },
)
console.log(`recorded by ours: ${own.count()}`)
