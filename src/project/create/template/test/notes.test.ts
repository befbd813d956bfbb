import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, it } from '@jest/globals'

it('a whole Ebb creates a note, and delivers its event', async () => {
  const home = await mkdtemp(join(tmpdir(), 'notes-'))
  const env = { ...process.env, EBB_HOME: home, PORT: '0', EBB_ADMIN_PORT: '0' }
  const signal = AbortSignal.timeout(50_000)
  const ebb = spawn(process.execPath, ['node_modules/.bin/ebb', 'dev', '--json'], { env })
  try {
    const [line] = await once(createInterface(ebb.stdout), 'line', { signal })
    const { url, admin, adminKey, keys } = JSON.parse(line)
    const headers = { 'x-api-key': keys.writer, 'idempotency-key': 'one', 'content-type': 'application/json' }
    const body = JSON.stringify({ text: 'Water the plants' })
    expect((await fetch(`${url}/v1/notes`, { method: 'POST', headers, body, signal })).status).toBe(201)

    const authorization = `Bearer ${adminKey}`
    const events = async () => (await fetch(`${admin}/v1/events`, { headers: { authorization }, signal })).text()
    while (!(await events()).includes('"state":"done"')) expect(ebb.exitCode).toBeNull()
  } finally {
    ebb.kill()
    await once(ebb, 'close')
    await rm(home, { recursive: true })
  }
})
