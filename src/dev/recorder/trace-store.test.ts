import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import type { Span } from '../../protocol/traces/span.ts'
import { openTraceReader } from './read-traces.ts'
import { openTraceStore } from './trace-store.ts'

let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-traces-'))
  file = join(folder, 'traces/spans.sqlite')
})
afterEach(() => rm(folder, { recursive: true }))

const START = Date.parse('2026-11-30T09:00:00Z')
const hex = (n: number, digits: number) => n.toString(16).padStart(digits, '0')

/** The spans of a request: of the gateway, and below it those of a function. */
function request(
  n: number,
  atMs: number,
  { spans = 4, ...over }: Partial<Span> & { readonly spans?: number } = {},
): readonly Span[] {
  const at = atMs * 1_000
  return Array.from({ length: spans }, (_, i) => ({
    ...{ traceId: hex(n, 32), spanId: hex(i + 1, 16), parentSpanId: i === 0 ? null : hex(i, 16) },
    ...{ part: i === 0 ? 'gateway' : 'place-order', name: i === 0 ? 'POST /v1/orders' : `SELECT ${i}` },
    ...{ kind: i === 0 ? 'server' : 'client', startUs: at + i * 1_000, endUs: at + 10_000 - i, failed: false },
    message: null,
    attributes: i === 0 ? { 'http.response.status_code': 201, 'ebb.correlation_id': `click-${n}` } : {},
    ...over,
  }))
}

const open = (options: Parameters<typeof openTraceStore>[1] = {}) =>
  openTraceStore(file, { now: () => START, ...options })

it('tells a trace by the span that began first, in whatever order and however often they arrive', () => {
  const store = open()
  const [first, ...others] = request(1, START)
  store.add(others)
  store.add([...(first ? [first] : []), ...others])
  const reader = openTraceReader(file)
  expect(reader.list({ limit: 10 })).toEqual({
    ...{ since: '2026-11-30T09:00:00.000Z', dropped: 0 },
    traces: [
      {
        ...{ traceId: hex(1, 32), name: 'POST /v1/orders', part: 'gateway', startedAt: '2026-11-30T09:00:00.000Z' },
        ...{ durationMs: 10, status: 201, failed: false, cold: false, spans: 4, correlationId: 'click-1' },
        parts: ['gateway', 'place-order'],
      },
    ],
  })
  expect(reader.read(hex(1, 32)).map(({ name }) => name)).toEqual([
    'POST /v1/orders',
    'SELECT 1',
    'SELECT 2',
    'SELECT 3',
  ])
  expect(reader.tracesOf('click-1')).toEqual([hex(1, 32)])
  reader.close()
  store.close()
})

it('finds traces by what went wrong, by time, by name, by request, page by page', () => {
  const store = open()
  for (let n = 1; n <= 5; n++) store.add(request(n, START + n, n === 3 ? { failed: true } : {}))
  store.add(
    request(6, START + 6, {
      attributes: { 'faas.coldstart': true },
      endUs: (START + 500) * 1_000,
      name: 'GET /v1/users',
    }),
  )
  const reader = openTraceReader(file)
  const ids = (filter: object) =>
    reader.list({ limit: 10, ...filter }).traces.map(({ traceId }) => Number(`0x${traceId}`))
  expect(ids({ status: 'failed' })).toEqual([3])
  expect(ids({ cold: true, minMs: 100 })).toEqual([6])
  expect(ids({ route: '/V1/ORD' })).toEqual([5, 4, 3, 2, 1])
  expect(ids({ correlation: 'click-2' })).toEqual([2])
  const page = reader.list({ limit: 4 })
  expect(ids({ before: page.next, limit: 4 })).toEqual([2, 1])
  expect(ids({ before: 'no-cursor' })).toEqual([])
  reader.close()
  store.close()
})

it('forgets whole traces: those that are an hour old, then those that ended first', () => {
  let now = START
  const store = open({ now: () => now, maxSpans: 1_000 })
  store.add(request(1, START))
  now += 3_601_000
  for (let n = 2; n <= 1_000; n++) store.add(request(n, now + n))
  const reader = openTraceReader(file)
  const { traces } = reader.list({ limit: 5_000 })
  // As many as are kept, and what may come before the next are forgotten.
  expect(traces.length).toBeGreaterThanOrEqual(250)
  expect(traces.length).toBeLessThanOrEqual(501)
  expect(traces.at(0)?.traceId).toBe(hex(1_000, 32))
  expect(traces.map(({ traceId }) => reader.read(traceId).length)).toEqual(traces.map(() => 4))
  expect(reader.read(hex(1, 32))).toEqual([])
  reader.close()
  store.close()
})

it('keeps a part of a trace that never ends, and says how much it has dropped', () => {
  const store = open()
  store.add(request(1, START, { spans: 5_000 }))
  store.add(request(1, START + 1, { spans: 5_000 }))
  const reader = openTraceReader(file)
  expect(reader.list({ limit: 1 })).toMatchObject({ dropped: 3_000, traces: [{ spans: 2_000 }] })
  reader.close()
  store.close()
})

it('becomes no larger than it may, whatever is in the spans', async () => {
  const maxBytes = 8 * 1024 * 1024
  const store = open({ maxBytes })
  const attributes = Object.fromEntries(Array.from({ length: 3 }, (_, i) => [`name${i}`, 'x'.repeat(4_096)]))
  for (let n = 1; n <= 2_000; n++) store.add(request(n, START + n, { attributes }))
  expect((await stat(file)).size).toBeLessThanOrEqual(maxBytes)
  const reader = openTraceReader(file)
  expect(reader.read(hex(2_000, 32))).toHaveLength(4)
  reader.close()
  store.close()
})
