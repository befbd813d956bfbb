import { describe, expect, it } from '@jest/globals'
import { VERSION } from 'ebb/kernel'
import { FIND, statusesOf, things } from './things.ts'

const { start, receive } = things()

const TRACES = ['a', 'b', 'c'].map((digit) => digit.repeat(32))
const traced = (traceId: string | undefined, flags: '00' | '01') => ({
  ...FIND,
  headers: { traceparent: `00-${traceId}-${'d'.repeat(16)}-${flags}` },
})

/** Runs a function with these settings through requests of a sampled, of an unsampled and of no trace. */
async function tell(env: Readonly<Record<string, string>>) {
  const receiver = await receive()
  const fn = await start('find-thing', { receiver, env })
  const calls = [traced(TRACES[0], '01'), traced(TRACES[1], '00'), FIND]
  for (const call of calls) expect(await statusesOf(fn, call)).toEqual([200])
  const scrape = await fetch(`${fn.url}/metrics`)
  const metrics = { status: scrape.status, type: scrape.headers.get('content-type'), text: await scrape.text() }
  expect(await fn.stop()).toBe(0)
  return { receiver, metrics, traces: new Set(receiver.spans().map(({ traceId }) => traceId)) }
}

describe('OTEL_TRACES_SAMPLER', () => {
  it('parentbased_traceidratio lets the parent decide, and its ratio where there is none', async () => {
    const { traces } = await tell({ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' })
    expect(traces).toEqual(new Set([TRACES[0]]))
  })

  it('always_off tells of no request, but counts them', async () => {
    const { traces, receiver } = await tell({ OTEL_TRACES_SAMPLER: 'always_off' })
    expect(traces).toEqual(new Set())
    const [duration] = receiver.metrics().filter(({ name }) => name === 'http.server.request.duration')
    expect(duration?.points.map(({ count }) => count)).toContain(3)
  })

  it('a word that is none ends the start with one sentence', async () => {
    const receiver = await receive()
    await expect(start('find-thing', { receiver, env: { OTEL_TRACES_SAMPLER: 'x' } })).rejects.toThrow(
      /^it ended with status 1:\n\{[^\n]*"msg":"OTEL_TRACES_SAMPLER: Invalid option[^\n]*\}$/,
    )
  })
})

describe('limits', () => {
  it('OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT cuts every value of every span', async () => {
    const { receiver } = await tell({ OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: '5' })
    const attributes = receiver.spans().flatMap(({ attributes }) => Object.entries(attributes))
    expect(attributes).toContainEqual(['http.route', '/v1/t'])
    expect(attributes.filter(([, value]) => typeof value === 'string' && value.length > 5)).toEqual([])
  })

  it('OTEL_ATTRIBUTE_COUNT_LIMIT leaves the rest out', async () => {
    const { receiver } = await tell({ OTEL_ATTRIBUTE_COUNT_LIMIT: '3' })
    const counts = receiver.spans().map(({ attributes }) => Object.keys(attributes).length)
    expect(Math.max(...counts)).toBe(3)
  })
})

it('what a platform sets for all and nothing acts on is a warning, and the rest is exported', async () => {
  const receiver = await receive()
  const env = { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_PROPAGATORS: 'tracecontext,baggage,b3' }
  const fn = await start('find-thing', { receiver, env })
  expect(await statusesOf(fn, traced(TRACES[0], '01'))).toEqual([200])
  expect(await fn.stop()).toBe(0)
  const arrived = receiver.requests().map(({ contentType, status }) => [contentType, status])
  expect(arrived).toContainEqual(['application/x-protobuf', 200])
  const warnings = fn.logged().filter(({ level }) => level === 'warn')
  expect(warnings.map(({ msg }) => msg.split(':', 1)[0])).toEqual(['OTEL_EXPORTER_OTLP_PROTOCOL', 'OTEL_PROPAGATORS'])
})

it('OTEL_SDK_DISABLED tells nothing at all', async () => {
  const { receiver, metrics } = await tell({ OTEL_SDK_DISABLED: 'true' })
  expect(receiver.requests()).toEqual([])
  expect(metrics.status).toBe(404)
})

it('OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES are in all that is exported', async () => {
  const attributes = 'deployment.environment.name=test,team=a%20b,service.name=ignored,service.version=7'
  const { receiver } = await tell({ OTEL_SERVICE_NAME: 'finder', OTEL_RESOURCE_ATTRIBUTES: attributes })
  const expected = {
    ...{ 'service.name': 'finder', 'service.version': '7', 'deployment.environment.name': 'test', team: 'a b' },
    ...{ 'faas.name': 'find-thing', 'service.namespace': 'default', 'telemetry.sdk.version': expect.any(String) },
  }
  const resources = [...receiver.spans(), ...receiver.metrics()].map(({ resource }) => resource)
  for (const resource of resources) expect(resource).toMatchObject(expected)
  expect(new Set(resources.map((resource) => resource['service.instance.id'])).size).toBe(1)
})

describe('EBB_METRICS', () => {
  it('scrape offers them to Prometheus on the port of the function', async () => {
    const { metrics } = await tell({ EBB_METRICS: 'scrape', OTEL_METRICS_EXPORTER: 'none' })
    expect(metrics).toMatchObject({ status: 200, type: expect.stringMatching(/^text\/plain/) })
    const route = 'http_route="/v1/things/\\{id\\}"'
    for (const line of [
      /^# TYPE http_server_request_duration_seconds histogram$/m,
      new RegExp(`^http_server_request_duration_seconds_count\\{[^}]*status_code="200",${route}[^}]*\\} 3$`, 'm'),
      new RegExp(`^faas_coldstarts_total\\{[^}]*${route}[^}]*\\} 1$`, 'm'),
      new RegExp(`^ebb_build_info\\{[^}]*version="${VERSION}",revision="dev"[^}]*\\} 1$`, 'm'),
      /^ebb_cold_start_duration_seconds_count\{.*ebb_cold_start_part="first_answer".*\} 1$/m,
    ])
      expect(metrics.text).toMatch(line)
  })

  it('otherwise does not', async () => {
    const { metrics } = await tell({})
    expect(metrics.status).toBe(404)
  })
})
