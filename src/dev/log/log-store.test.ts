import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import type { DevEvent } from '../report.ts'
import { openLogStore } from './log-store.ts'

let folder: string
let reports: DevEvent[]
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-log-'))
  reports = []
})
afterEach(() => rm(folder, { recursive: true }))
const report = (event: DevEvent) => void reports.push(event)

const readAll = () => {
  const database = new DatabaseSync(join(folder, 'log/lines.sqlite'), { readOnly: true })
  const rows = database.prepare('select part, level, correlation, fields from line order by id').all()
  database.close()
  return rows.map((row) => ({ ...row }))
}

it('keeps what was logged, after the process that has logged it and after the store', async () => {
  const first = await openLogStore(join(folder, 'log'), { report })
  first.add('gateway', { time: '2026-11-30T09:00:00.000Z', level: 'info', msg: 'request', correlationId: 'c' })
  first.add('place-order', { level: 'text', msg: 'Error: no' })
  first.close()
  const second = await openLogStore(join(folder, 'log'), { report })
  second.add('relay', { level: 'warn', msg: 'late' })
  second.close()
  expect(readAll()).toMatchObject([
    { part: 'gateway', level: 'info', correlation: 'c', fields: expect.stringContaining('"msg":"request"') },
    { part: 'place-order', level: 'text', correlation: null },
    { part: 'relay', level: 'warn' },
  ])
  expect(reports).toEqual([])
})

it('forgets the oldest lines, and shortens what is longer than a line is', async () => {
  const store = await openLogStore(join(folder, 'log'), { report, maxLines: 10 })
  for (let i = 0; i < 2_000; i++) store.add('gateway', { level: 'info', msg: `line ${i}` })
  store.close()
  const again = await openLogStore(join(folder, 'log'), { report, maxLines: 10 })
  again.add('gateway', { level: 'info', msg: 'x'.repeat(100_000) })
  again.close()
  const rows = readAll()
  expect(rows).toHaveLength(10)
  expect(String(rows[0]?.fields)).toContain('line 1991')
  expect(String(rows.at(-1)?.fields).length).toBeLessThan(10_000)
  expect(String(rows.at(-1)?.fields)).toContain('a line of more than 16384 characters')
})

it.each([
  ['is no database', async () => writeFile(join(folder, 'log'), 'no folder')],
  [
    'is a file of something else',
    async () => {
      const store = await openLogStore(join(folder, 'log'), { report })
      store.close()
      await writeFile(join(folder, 'log/lines.sqlite'), 'no database at all '.repeat(1_000))
    },
  ],
])('says once that nothing is kept where its file %s, and disturbs nobody', async (_, prepare) => {
  await prepare()
  const store = await openLogStore(join(folder, 'log'), { report })
  for (let i = 0; i < 3; i++) store.add('gateway', { level: 'info', msg: 'a line' })
  store.close()
  expect(reports).toEqual([{ event: 'log', part: 'ebb', message: expect.stringMatching(/^log lines are not kept: /) }])
})
