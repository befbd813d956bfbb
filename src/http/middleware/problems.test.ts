import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { Problem } from 'ebb/contract'
import express from 'express'
import { createLog } from '../../kernel/index.ts'
import { problems } from './problems.ts'

const lines: Record<string, unknown>[] = []
const log = Object.assign(createLog({ level: 'silent' }), {
  error: (fields: Record<string, unknown>) => lines.push(fields),
})
const app = express()
app.get('/busy', () => {
  throw new Problem('unavailable', 503, 'All are in use.')
})
app.get('/broken', () => {
  throw new Error('a slip')
})
app.use(problems({ log }))
const server = createServer(app)
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
afterAll(() => void server.close())

async function ask(path: string, times: number) {
  lines.length = 0
  const { port } = server.address() as AddressInfo
  const answers = await Promise.all(Array.from({ length: times }, () => fetch(`http://127.0.0.1:${port}${path}`)))
  return answers.map(({ status }) => status)
}

it('503 many refusals at a time are one log line, and the next one has their number', async () => {
  expect(new Set(await ask('/busy', 50))).toEqual(new Set([503]))
  // One a second: more only where this machine needs seconds for them.
  expect(lines.length).toBeLessThan(10)
  expect(lines[0]).toMatchObject({ code: 'unavailable', times: 1 })
})

it('500 each error is logged', async () => {
  expect(await ask('/broken', 3)).toEqual([500, 500, 500])
  expect(lines.map(({ code }) => code)).toEqual(['internal', 'internal', 'internal'])
})
