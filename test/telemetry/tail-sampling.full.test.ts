import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect } from '@jest/globals'
import { findFreePort } from '../../src/dev/ports.ts'
import { only, renderChart } from '../chart/helm.ts'
import { findProgram } from '../support/find-program.ts'
import { startOtlpReceiver } from '../support/otlp-receiver.ts'
import { itWhere } from '../support/requirements.ts'
import { untilTrue } from '../support/until.ts'

/** Built of test/telemetry/otelcol (`go build .`, ten minutes), or whichever is on the path. */
const OTELCOL = findProgram('otelcol', 'otelcol-contrib')
const HELM = findProgram('helm')

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** A collector with the chart's configuration, which decides soon and keeps none of the traces that are neither bad nor slow. */
async function startCollector() {
  const backend = await startOtlpReceiver()
  closers.push(backend.close)
  const collector = {
    enabled: true,
    tracesTo: backend.url,
    metricsTo: backend.url,
    keepPercent: 0,
    decisionWait: '300ms',
  }
  const { data = {} } = only(await renderChart({ telemetry: { collector } }), 'ConfigMap', 'ebb-collector')
  const folder = await mkdtemp(join(tmpdir(), 'ebb-collector-'))
  closers.push(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'relay.yaml'), data.relay ?? '')
  const port = await findFreePort()
  const changed = [
    `receivers::otlp::protocols::http::endpoint: 127.0.0.1:${port}`,
    ...['traces', 'metrics'].map((what) => `exporters::otlphttp/${what}::encoding: json`),
    'service::telemetry::metrics::level: none',
  ]
  const configs = [join(folder, 'relay.yaml'), ...changed.map((change) => `yaml:${change}`)]
  const child = spawn(
    OTELCOL ?? '',
    configs.flatMap((config) => ['--config', config]),
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let output = ''
  child.stderr.on('data', (chunk) => {
    output += chunk
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  closers.push(async () => {
    child.kill()
    await ended
  })
  await untilTrue(() => output.includes('Everything is ready') || fail(child.exitCode, output), {
    what: 'the collector',
  })
  const send = (path: string, body: object) =>
    fetch(`http://127.0.0.1:${port}${path}`, {
      ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
    })
  return { backend, send }
}

function fail(code: number | null, output: string): false {
  if (code !== null) throw new Error(`the collector ended: ${output}`)
  return false
}

interface Trace {
  readonly name: string
  readonly ms?: number
  readonly isError?: boolean
  readonly isCold?: boolean
}

/** A trace of two spans, a gateway's and a function's, as OTLP has it in JSON; what is special is in the function's. */
function toOtlp({ name, ms = 5, isError, isCold }: Trace, i: number) {
  const startMs = Date.now() - 1_000
  const traceId = String(i + 1).padStart(32, '0')
  const times = { startTimeUnixNano: `${startMs}000000`, endTimeUnixNano: `${startMs + ms}000000` }
  const span = (id: string, more: object) => ({ traceId, spanId: id.repeat(16), name, kind: 2, ...times, ...more })
  return [
    span('a', {}),
    span('b', {
      parentSpanId: 'a'.repeat(16),
      ...(isError ? { status: { code: 2 } } : {}),
      ...(isCold ? { attributes: [{ key: 'faas.coldstart', value: { boolValue: true } }] } : {}),
    }),
  ]
}

const itWithCollector = itWhere(OTELCOL && HELM ? undefined : 'no otelcol or no helm on PATH')

itWithCollector(
  'a collector with the chart`s configuration keeps traces with errors, cold starts and long waits, whole',
  async () => {
    const { backend, send } = await startCollector()
    const special: readonly Trace[] = [
      { name: 'failed', isError: true },
      { name: 'cold', isCold: true },
      { name: 'slow', ms: 1_200 },
    ]
    const quick = Array.from({ length: 100 }, (): Trace => ({ name: 'quick' }))
    const [first, ...rest] = [...quick, ...special].map(toOtlp)
    const all = [...rest, first ?? []].flat()
    const { status } = await send('/v1/traces', { resourceSpans: [{ scopeSpans: [{ spans: all }] }] })
    expect(status).toBe(200)
    await backend.until(() => backend.spans().length >= 6, { what: 'three traces of two spans' })
    // Decided about after all of those above.
    await send('/v1/traces', {
      resourceSpans: [{ scopeSpans: [{ spans: toOtlp({ name: 'last', isError: true }, 900) }] }],
    })
    await backend.until(() => backend.spans().some(({ name }) => name === 'last'), { what: 'the last trace' })
    const names = backend.spans().map(({ name }) => name)
    expect(names.filter((name) => name !== 'last').sort()).toEqual(['cold', 'cold', 'failed', 'failed', 'slow', 'slow'])
  },
)

itWithCollector('metrics pass', async () => {
  const { backend, send } = await startCollector()
  const point = { asDouble: 1, timeUnixNano: `${Date.now()}000000` }
  const metrics = [{ name: 'ebb.replica.up', gauge: { dataPoints: [point] } }]
  expect((await send('/v1/metrics', { resourceMetrics: [{ scopeMetrics: [{ metrics }] }] })).status).toBe(200)
  await backend.until(() => backend.metrics().some(({ name }) => name === 'ebb.replica.up'), { what: 'the metric' })
})
