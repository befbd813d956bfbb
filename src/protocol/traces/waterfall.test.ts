import { expect, it } from '@jest/globals'
import type { EventRecord } from '../story/evidence.ts'
import type { Span } from './span.ts'
import { toWaterfall } from './waterfall.ts'

const AT_MS = Date.parse('2026-11-30T09:00:00Z')

const span = (
  id: string,
  parent: string | null,
  [from, to]: readonly [number, number],
  more: Partial<Span> = {},
): Span => ({
  ...{ traceId: 'ab'.repeat(16), spanId: id, parentSpanId: parent, part: 'place-order', name: id, kind: 'server' },
  ...{ startUs: (AT_MS + from) * 1_000, endUs: (AT_MS + to) * 1_000, failed: false, message: null, attributes: {} },
  ...more,
})

const attempt = (number: number, fromMs: number, status: number) => ({
  ...{ number, startedAt: new Date(AT_MS + fromMs).toISOString(), durationMs: 50, status, error: null, body: null },
})

const event: EventRecord = {
  ...{ id: 'e1', type: 'order.placed', source: 'place-order', createdAt: new Date(AT_MS + 95).toISOString() },
  ...{ correlationId: 'c', traceId: 'ab'.repeat(16) },
  deliveries: [
    {
      ...{ consumer: 'confirm-order', state: 'done', attempts: 2, availableAt: null },
      history: [attempt(1, 120, 500), attempt(2, 400, 204)],
    },
  ],
}

const cold = { 'faas.coldstart': true, 'ebb.cold_start.spawn_ms': 20 }
const spans = [
  span('gateway', null, [0, 100], { part: 'gateway' }),
  span('call', 'gateway', [1, 99], { part: 'gateway', kind: 'client' }),
  span('function', 'call', [60, 98], { attributes: cold }),
  span('wait for a connection', 'function', [61, 80], { kind: 'internal' }),
  span('sent', 'function', [90, 90], { kind: 'producer', attributes: { 'messaging.message.id': 'e1' } }),
  span('first try', 'sent', [125, 160], { part: 'confirm-order', failed: true, attributes: cold }),
  span('second try', 'sent', [405, 440], { part: 'confirm-order' }),
]

const drawn = (rows: ReturnType<typeof toWaterfall>) =>
  rows.map(({ depth, kind, name, atMs, durationMs }) => `${'  '.repeat(depth)}${kind} ${name} ${atMs}+${durationMs}`)

it('leads from the click to the last attempt, and names what lies between', () => {
  expect(drawn(toWaterfall(spans, [event]))).toEqual([
    'server gateway 0+100',
    '  client call 1+98',
    '    gap cold start 1+59',
    '    server function 60+38',
    '      gap wait for a connection 61+19',
    '      producer sent 90+0',
    '        gap wait for the relay 90+30',
    '        delivery deliver order.placed to confirm-order 120+50',
    '          gap cold start 120+5',
    '          server first try 125+35',
    '        gap back-off 170+230',
    '        delivery deliver order.placed to confirm-order 400+50',
    '          server second try 405+35',
  ])
})

it('leaves the attempts to the spans of a relay that has some', () => {
  const relay = span('delivery', 'sent', [121, 170], { part: 'relay', kind: 'client' })
  expect(drawn(toWaterfall([...spans, relay], [event])).filter((row) => / delivery deliver/.test(row))).toEqual([])
})

it('draws what has lost its parent, or is its own', () => {
  const rows = toWaterfall([span('a', 'gone', [0, 1]), span('b', 'b', [2, 3]), span('c', 'b', [2, 3])], [])
  expect(drawn(rows)).toEqual(['server a 0+1', 'server b 2+1', '  server c 2+1'])
})

it('ends where two spans are each the parent of the other', () => {
  expect(toWaterfall([span('a', 'b', [0, 1]), span('b', 'a', [0, 1])], [])).toEqual([])
})
