import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type OtlpReceiver, startOtlpReceiver } from './otlp-receiver.ts'

let receiver: OtlpReceiver
beforeEach(async () => {
  receiver = await startOtlpReceiver()
})
afterEach(() => receiver.close())

const text = (key: string, stringValue: string) => ({ key, value: { stringValue } })
const resource = { attributes: [text('service.name', 'test')] }
const span = {
  ...{
    traceId: 'a'.repeat(32),
    spanId: 'b'.repeat(16),
    name: 'work',
    kind: 3,
    startTimeUnixNano: '1700000000000000001',
  },
  ...{ endTimeUnixNano: '1700000000000000002', status: { code: 2, message: 'no' } },
  attributes: [
    text('a.text', 'x'),
    { key: 'a.number', value: { intValue: '7' } },
    { key: 'a.list', value: { arrayValue: { values: [{ doubleValue: 0.5 }, { boolValue: false }] } } },
  ],
  links: [{ traceId: 'c'.repeat(32), spanId: 'd'.repeat(16), attributes: [] }],
  events: [{ name: 'exception', timeUnixNano: '1', attributes: [text('exception.type', 'Error')] }],
}
const traces = { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'scope' }, spans: [span] }] }] }
const point = { attributes: [text('state', 'idle')], timeUnixNano: '1' }
const metric = { name: 'slots', unit: '{slot}', sum: { isMonotonic: false, dataPoints: [{ ...point, asInt: '3' }] } }
const histogram = {
  ...{ name: 'wait', unit: 's' },
  histogram: { dataPoints: [{ ...point, count: '2', sum: 0.5, bucketCounts: ['1', '1'], explicitBounds: [0.1] }] },
}
const metrics = { resourceMetrics: [{ resource, scopeMetrics: [{ metrics: [metric, histogram] }] }] }

const push = async (path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) => {
  const sent = body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body)
  const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: sent }
  return (await fetch(`${receiver.url}${path}`, { ...init, signal: AbortSignal.timeout(3_000) })).status
}

describe('the receiver takes', () => {
  it('200 spans, as they are and compressed', async () => {
    expect(await push('/v1/traces', traces)).toBe(200)
    expect(await push('/v1/traces', gzipSync(JSON.stringify(traces)), { 'content-encoding': 'gzip' })).toBe(200)
    const [one, other] = receiver.spans()
    expect(other).toEqual(one)
    expect(one).toMatchObject({
      ...{ name: 'work', kind: 'client', scope: 'scope', resource: { 'service.name': 'test' } },
      attributes: { 'a.text': 'x', 'a.number': 7, 'a.list': [0.5, false] },
      links: [{ traceId: 'c'.repeat(32), spanId: 'd'.repeat(16) }],
      events: [{ name: 'exception', attributes: { 'exception.type': 'Error' } }],
      status: { code: 'error', message: 'no' },
      startTimeUnixNano: 1700000000000000001n,
    })
  })

  it('200 metrics', async () => {
    expect(await push('/v1/metrics', metrics)).toBe(200)
    expect(receiver.metrics()).toMatchObject([
      { name: 'slots', unit: '{slot}', type: 'sum', points: [{ attributes: { state: 'idle' }, value: 3 }] },
      {
        name: 'wait',
        type: 'histogram',
        points: [{ count: 2, sum: 0.5, bucketCounts: [1, 1], explicitBounds: [0.1] }],
      },
    ])
  })

  it('200 protobuf, which it counts', async () => {
    expect(await push('/v1/traces', Buffer.of(1, 2, 3), { 'content-type': 'application/x-protobuf' })).toBe(200)
    expect(receiver.requests()).toEqual([
      { path: '/v1/traces', contentType: 'application/x-protobuf', bytes: 3, status: 200 },
    ])
  })

  it('400 nothing that is no OTLP, and 404 nothing elsewhere', async () => {
    const badId = { resourceSpans: [{ scopeSpans: [{ spans: [{ ...span, traceId: 'short' }] }] }] }
    expect([await push('/v1/traces', badId), await push('/v1/logs', {})]).toEqual([400, 404])
    expect(receiver.spans()).toEqual([])
  })

  it('503 nothing while it is unavailable, and goes on after', async () => {
    receiver.behave('unavailable')
    expect(await push('/v1/traces', traces)).toBe(503)
    receiver.behave('well')
    expect(await push('/v1/traces', traces)).toBe(200)
    expect(receiver.spans()).toHaveLength(1)
  })

  it('nothing while it hangs, and lets go of who waits when it is closed', async () => {
    receiver.behave('hang')
    const waiting = expect(push('/v1/traces', traces)).rejects.toThrow()
    await receiver.until(() => receiver.requests().length === 1)
    await receiver.close()
    await waiting
    expect(receiver.requests()).toMatchObject([{ status: 'hanging' }])
    receiver = await startOtlpReceiver()
  })
})

describe('until', () => {
  it('resolves with the request that makes it true', async () => {
    const came = receiver.until(() => receiver.spans().length === 2)
    await push('/v1/traces', traces)
    await push('/v1/traces', traces)
    await came
  })

  it('rejects with a list of what did come', async () => {
    await push('/v1/traces', traces)
    const never = receiver.until(() => false, { limitMs: 1, what: 'a miracle' })
    await expect(never).rejects.toThrow(
      /^a miracle did not hold within 1 ms; this came:\n {2}POST \/v1\/traces 200, \d+ bytes\n {2}client work, trace a{32}$/,
    )
  })
})
