import { Readable } from 'node:stream'
import { expect, it } from '@jest/globals'
import { readLogLines } from './read-log-lines.ts'

const TIME = '2026-11-30T12:00:00.000Z'
const record = (fields: object) => JSON.stringify({ level: 'info', time: TIME, ...fields })
const LOG = [
  record({ service: 'gateway', msg: 'request', correlationId: 'a' }),
  `[pod/ebb-write-1/function] ${record({ function: 'write', msg: 'request failed', level: 'error', correlationId: 'a' })}`,
  `ebb-write-1 function ${record({ function: 'write', msg: 'request', correlationId: 'b', time: '2026-11-30T13:00:00.000Z' })}`,
  '',
  'Segmentation fault',
].join('\n')

async function read(wanted: Parameters<typeof readLogLines>[1] = {}) {
  const lines: string[] = []
  for await (const { part, level, fields } of readLogLines(Readable.from([LOG]), wanted))
    lines.push(`${part} ${level} ${fields.msg}`)
  return lines
}

it('reads what kubectl prints of several pods, with and without its prefix', async () => {
  expect(await read()).toEqual([
    ...['gateway info request', 'write error request failed', 'write info request', '- text Segmentation fault'],
  ])
})

it.each([
  [{ part: 'gateway' }, ['gateway info request']],
  [{ levels: ['error', 'fatal'] }, ['write error request failed']],
  [{ correlation: 'a' }, ['gateway info request', 'write error request failed']],
  [{ since: '2026-11-30T12:30:00.000Z', part: 'write' }, ['write info request']],
])('only what is wanted: %j', async (wanted, lines) => {
  expect(await read(wanted)).toEqual(lines)
})
