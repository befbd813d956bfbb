/**
 * node bench/observe/day.ts [requests a second]
 *
 * A day of the laptop's traffic in its store of spans, with the clock run through: how large its file becomes, what an export costs the
 * recorder, and how long a page of the console waits for a list, a trace and a story meanwhile.
 */
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { readRecords } from '../../src/dev/recorder/read-records.ts'
import { openTraceReader } from '../../src/dev/recorder/read-traces.ts'
import { openTraceStore, TRACES_FILE } from '../../src/dev/recorder/trace-store.ts'
import type { Span } from '../../src/protocol/traces/span.ts'

const perSecond = Number(process.argv[2] ?? 10)
const DAY_S = 86_400
/** Exports come once in half a second; the pages are looked at each minute. */
const [EXPORTS_PER_SECOND, LOOK_EVERY_S] = [2, 60]
const ROUTES = ['POST /v1/orders', 'GET /v1/orders/{id}', 'GET /v1/products', 'POST /v1/users']

let now = Date.parse('2026-11-30T00:00:00Z')
const folder = await mkdtemp(join(tmpdir(), 'ebb-bench-day-'))
const file = join(folder, TRACES_FILE)
const store = openTraceStore(file, { now: () => now })
const reader = openTraceReader(file)
const exports: number[] = []
const pages: number[] = []
let [sent, largest] = [0, 0]

for (let second = 0; second < DAY_S; second++) {
  for (let i = 0; i < EXPORTS_PER_SECOND; i++) {
    const spans = Array.from({ length: perSecond / EXPORTS_PER_SECOND }, () => request(++sent)).flat()
    exports.push(timed(() => store.add(spans)))
    now += 1_000 / EXPORTS_PER_SECOND
  }
  if (second % LOOK_EVERY_S === 0) {
    look()
    largest = Math.max(largest, (await stat(file)).size + (await stat(`${file}-wal`)).size)
  }
}

function look() {
  const id = traceId(Math.max(sent - 20, 1))
  pages.push(timed(() => reader.list({ limit: 50 })))
  pages.push(timed(() => reader.list({ limit: 50, status: 'failed' })))
  pages.push(timed(() => reader.list({ limit: 50, minMs: 400, route: '/v1/orders' })))
  pages.push(timed(() => reader.list({ limit: 50, route: 'nothing has this name' })))
  pages.push(timed(() => reader.read(id)))
  pages.push(timed(() => readRecords(folder, [`click-${sent - 20}`])))
}

function request(n: number): readonly Span[] {
  const failed = n % 200 === 0
  const took = 5_000 + (n % 500) * 1_000
  return Array.from({ length: 6 }, (_, i) => ({
    ...{ traceId: traceId(n), spanId: (i + 1).toString(16).padStart(16, '0'), message: null },
    parentSpanId: i === 0 ? null : i.toString(16).padStart(16, '0'),
    part: i < 2 ? 'gateway' : 'place-order',
    name: i === 0 ? (ROUTES[n % ROUTES.length] ?? '') : `INSERT shop ${i}`,
    kind: i === 0 ? 'server' : 'client',
    ...{ startUs: now * 1_000 + i * 500, endUs: now * 1_000 + took, failed: failed && i < 3 },
    attributes: {
      ...{ 'http.response.status_code': failed ? 500 : 201, 'http.route': '/v1/orders', 'server.address': 'localhost' },
      ...{ 'db.query.text': 'insert into orders (id, owner, lines, cents) values ($1, $2, $3, $4) returning *' },
      ...(i === 0 ? { 'ebb.correlation_id': `click-${n}` } : {}),
    },
  }))
}

function traceId(n: number) {
  return n.toString(16).padStart(32, '0')
}

function timed(work: () => unknown): number {
  const startedAt = performance.now()
  work()
  return performance.now() - startedAt
}

const at = (share: number, times: readonly number[]) =>
  `${(times.toSorted((a, b) => a - b)[Math.floor(times.length * share)] ?? 0).toFixed(1)} ms`

console.log(`${sent} requests of 6 spans in a day; load ${loadavg()[0]?.toFixed(1)}`)
console.log(`the file and its journal: ${(largest / 1024 / 1024).toFixed(0)} MiB at most`)
console.log(`an export: p50 ${at(0.5, exports)}, p99 ${at(0.99, exports)}`)
console.log(`a page: p50 ${at(0.5, pages)}, p99 ${at(0.99, pages)}, longest ${at(1 - 1e-9, pages)}`)
reader.close()
store.close()
await rm(folder, { recursive: true })
