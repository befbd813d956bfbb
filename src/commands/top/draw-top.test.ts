import { expect, it } from '@jest/globals'
import { drawTop, type TopView } from './draw-top.ts'

const series = (last: number) => [...Array<number>(58).fill(0), last, 0]
const row = (name: string, requests: number, errors = 0) => ({
  ...{ function: name, method: 'GET', route: `/v1/${name}`, requests: series(requests), errors: series(errors) },
  ...{ cold: series(1), notInvoked: series(0), ms: { p50: 12, p95: 200, p99: 12_400 } },
  totals: { requests, errors, cold: 1, notInvoked: 0 },
})
const view: TopView = {
  at: '2026-11-30T12:34:56.789Z',
  gateways: [
    {
      ...{ name: 'gateway-1', version: '0.3.0', revision: 'dev', startedAt: '2026-11-30T00:00:00Z' },
      ...{ contracts: 'contracts-1.cjs', contractsLoadedAt: '2026-11-30T00:00:00Z' },
    },
  ],
  traffic: {
    ...{ gateway: 'gateway-1', from: '2026-11-30T12:25:00Z', stepSeconds: 10, steps: 60 },
    traffic: [row('get-note', 3), row('create-a-note-of-an-unusually-long-name', 40, 2)],
  },
  functions: [
    { name: 'get-note', instances: 1, coldStarts: 1, requests: 3 },
    { name: 'count-words', instances: null, coldStarts: null, requests: null },
  ],
  breakers: [{ name: 'get-note', state: 'open', calls: 9, faults: 9, opensAgainInMs: 100 }],
  failures: [
    {
      ...{ id: '1.1.g', gateway: 'g', at: '2026-11-30T12:34:50.000Z', method: 'POST', path: `/v1/${'x'.repeat(90)}` },
      ...{ route: '/v1/notes', function: 'create-note', status: 500, durationMs: 3, correlationId: 'c'.repeat(36) },
      ...{ traceId: null, caller: 'ann', tenant: null, client: null, invoked: true, cold: false, reason: null },
      ...{ bytes: 1, revision: null, tool: false, deprecated: false },
    },
  ],
  dead: [{ consumer: 'count-words', type: 'note.created', deliveries: 2 }],
}

it('fits into 80 columns, the busiest function first', () => {
  const lines = drawTop(view, { columns: 80 })
  expect(`\n${lines.join('\n')}\n`).toBe(`
Ebb 0.3.0  gateway-1  12:34:56 UTC
10 min: 43 requests, 2 errors, 2 cold starts, 0 without a function
2 dead letters: count-words; breaker not closed: get-note

FUNCTION                     /MIN  ERRORS  COLD     P50     P99  UP  TEN MINUTES
create-a-note-of-an-unusu…     40       2     1   12 ms    12 s   -           █
get-note                        3       -     1   12 ms    12 s   1           █
count-words                     -       -     -       -       -   -

LAST FAILURES (ebb explain ID)
12:34:50 500 ${'c'.repeat(36)}  POST /v1/xxxxxxxxxxxxxxxxxxxx
`)
  expect(Math.max(...lines.map((line) => line.length))).toBe(80)
})

it('says what does not fit into a terminal, and shows the failures', () => {
  const lines = drawTop(view, { columns: 80, rows: 10 })
  expect(lines.length).toBe(10)
  expect(lines.slice(5, 7)).toEqual([expect.stringMatching(/^create-a/), 'and 2 more without as many requests'])
  expect(lines.at(-1)).toMatch(/^12:34:50 500/)
})

it('says of a cluster that one gateway has counted what it has answered itself', () => {
  const functions = view.functions.map((one) => ({ ...one, instances: null }))
  expect(drawTop({ ...view, functions }, { columns: 80 })[0]).toBe('Ebb 0.3.0  gateway-1 alone  12:34:56 UTC')
})
