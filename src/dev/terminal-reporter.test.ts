import { stripVTControlCharacters } from 'node:util'
import { afterEach, expect, it, jest } from '@jest/globals'
import type { DevEvent } from './report.ts'
import { createTerminalReporter } from './terminal-reporter.ts'

const contracts = () => ({ routes: [], subscriptions: [], authorizers: [] }) as never
const show = createTerminalReporter({ project: '/shop', contracts, statuses: () => [], notes: {}, roles: {} })

afterEach(() => {
  jest.restoreAllMocks()
})

/** What the terminal shows of it, without our own colours and the time of day. */
function shown(event: DevEvent): string {
  const write = jest.spyOn(process.stdout, 'write').mockReturnValue(true)
  show(event)
  const text = write.mock.calls.map(([chunk]) => String(chunk)).join('')
  return stripVTControlCharacters(text).replace(/^\d\d:\d\d:\d\d/, '')
}

it.each<[string, DevEvent]>([
  ['an error', { event: 'fault', part: 'say-hello', message: 'Error: \u001b[2J\u009b1A\rgone' }],
  ['a log line', { event: 'log', part: 'say-hello', message: 'for \u001b[2J\u009b1A\rgone' }],
  ['a path', { event: 'request', status: 400, method: 'GET', path: '/\u001b[2J\u009b1A\rgone', durationMs: 1 }],
])('%s cannot control the terminal', (_what, event) => {
  expect(shown(event)).toContain('\\u001b[2J\\u009b1A\\u000dgone')
})

it.each(['log', 'fault'] as const)('the message of a %s cannot forge a line of another part', (event) => {
  const [, ...more] = shown({ event, part: 'a', message: 'b\n12:00:00  201  POST /v1/orders' }).trimEnd().split('\n')
  expect(more).toEqual([expect.stringMatching(/^ {15}12:00:00/)])
})

it('an error shows only the frames of the handler', () => {
  const message = [
    'Error: not yet',
    '    at Object.handle (/shop/functions/say-hello/handler.ts:5:18)',
    '    at toMoney (/shop/domain/money.ts:9:1)',
    '    at transact (/shop/src/http/middleware/transact.ts:39:31)',
    '    at processTicksAndRejections (node:internal/process/task_queues:104:5)',
    'caused by: Error: no such table',
    '    at query (/shop/node_modules/pg/client.js:1:1)',
  ].join('\n')
  const lines = shown({ event: 'fault', part: 'say-hello', message }).trimEnd().split('\n')
  expect(lines.map((line) => line.trim())).toEqual([
    '!!  say-hello: Error: not yet',
    'at Object.handle (/shop/functions/say-hello/handler.ts:5:18)',
    'at toMoney (/shop/domain/money.ts:9:1)',
    'caused by: Error: no such table',
  ])
})

it('an error without such frames shows all of them', () => {
  const message = 'Error: x\n    at start (/shop/src/dev/dev.ts:1:1)'
  expect(shown({ event: 'fault', part: 'gateway', message })).toContain('/shop/src/dev/dev.ts:1:1')
})

it('a reload lists what is served and what is removed', () => {
  const event = { event: 'reload', functions: ['get-one', 'get-two'], removed: ['say-hello'], tookMs: 293 } as const
  const lines = shown(event).trimEnd().split('\n')
  expect(lines.map((line) => line.replace(/^\d\d:\d\d:\d\d/, '').trim())).toEqual([
    'new  get-one, get-two served after 293 ms',
    'end  say-hello removed after 293 ms',
  ])
})

it('says what to do where there is no function yet', () => {
  const addresses = { url: 'http://localhost:8080', admin: 'http://localhost:8081' }
  const ready = {
    event: 'ready',
    ...addresses,
    console: 'http://localhost:8081/console/#key=once',
    keys: {},
    adminKey: 'k',
    readyMs: 1_000,
  } as const
  expect(shown(ready)).toContain('There is no function yet; npx ebb new say-hello writes one.')
})
