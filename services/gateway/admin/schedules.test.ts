import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { afterAll, beforeEach, expect, it } from '@jest/globals'
import { createLog, inheritedEnv } from 'ebb/kernel'
import { createPool } from '../../../src/data/postgres/pool.ts'
import { addSchedules } from '../../../src/data/queue/firings.ts'
import { testDatabase } from '../../../src/testing/index.ts'
import { ADMIN, ADMIN_KEY, gatewaySettings, startTestGateway } from '../test-support.ts'

// Hooks run in the order in which they are declared: the pool lets go before the database is dropped.
afterAll(() => pool.end())
const database = testDatabase()
const pool = createPool(database.ownerUrl, { log: createLog({ level: 'silent' }) })
beforeEach(() => pool.query('truncate ebb.outbox, ebb.delivery, ebb.attempt, ebb.schedule, ebb.firing, ebb.audit'))

const TIMES = { timeZone: 'UTC', missed: 'once', overlap: 'skip', jitterMs: 0 } as const
const DAILY = { name: 'close-books', on: 'ebb.close_books.fired', schedule: { cron: '0 3 * * *', ...TIMES } }
const QUEUED = { name: 'count', on: 'ebb.count.fired', schedule: { cron: '0 4 * * *', ...TIMES, overlap: 'queue' } }

async function start() {
  const { env } = await gatewaySettings(database.url, (_request, response) => void response.end())
  const contracts = `exports.routes = []; exports.validate = exports.validateEvent = () => ({ ok: true });
    exports.subscriptions = ${JSON.stringify([{ name: 'send-welcome', on: 'user.created' }, DAILY, QUEUED])}`
  await writeFile(env.EBB_CONTRACTS.replace(/contracts$/, 'contracts-1.cjs'), contracts)
  const { admin } = await startTestGateway(env)
  const run = async (name: string) => {
    const response = await fetch(`${admin}/v1/schedules/${name}/run`, { method: 'POST', headers: ADMIN })
    // The statuses say which of both it is.
    const body = (await response.json()) as { readonly plannedAt: string; readonly eventId: string | null }
    return { status: response.status, body }
  }
  const ebb = async (...args: readonly string[]) => {
    const child = spawn(process.execPath, ['src/cli.ts', 'schedules', ...args, '--admin', admin], {
      env: { ...inheritedEnv(['PATH']), EBB_ADMIN_KEY: ADMIN_KEY },
    })
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
    return { out, err, code }
  }
  return { admin, run, ebb }
}

it('201 has a schedule fire now, once, and says who did', async () => {
  const { run } = await start()
  const { status, body } = await run('close-books')
  expect([status, body]).toEqual([
    201,
    { plannedAt: body.plannedAt, state: 'running', eventId: body.eventId, manual: true },
  ])
  const { rows } = await pool.query('select id, type, source, payload, caller_id from ebb.outbox')
  const payload = { manual: true, plannedAt: body.plannedAt }
  expect(rows).toMatchObject([
    { id: body.eventId, type: 'ebb.close_books.fired', source: '/schedules/close-books', caller_id: 'admin', payload },
  ])
  const audit = await pool.query('select actor, action, subject from ebb.audit')
  expect(audit.rows).toEqual([{ actor: 'admin', action: 'schedule.run', subject: 'close-books' }])
})

it('409 while the last firing is not done, and nothing has changed; where they queue it waits', async () => {
  const { run } = await start()
  await run('close-books')
  expect(await run('close-books')).toMatchObject({
    ...{ status: 409, body: { error: 'still_running' } },
    body: { message: 'The last firing of close-books is not done; run it again later.' },
  })
  expect([await run('count'), await run('count')]).toMatchObject([
    { status: 201, body: { state: 'running' } },
    { status: 201, body: { state: 'waiting', eventId: null } },
  ])
  expect((await pool.query('select from ebb.outbox')).rowCount).toBe(2)
  expect((await pool.query('select from ebb.audit')).rowCount).toBe(3)
})

it('404 for what is no schedule', async () => {
  const { run } = await start()
  expect(await run('send-welcome')).toMatchObject({
    ...{ status: 404, body: { error: 'not_found', message: 'There is no schedule send-welcome.' } },
  })
})

it('ebb schedules list and run show what becomes of firings', async () => {
  const { ebb, run } = await start()
  const nextAt = new Date('2030-01-01T03:00:00Z')
  await addSchedules(pool, [{ name: 'close-books', cron: '0 3 * * *', timeZone: 'UTC', nextAt }])
  const { body } = await run('close-books')
  const fired = await ebb('run', 'count')
  expect(fired).toMatchObject({ code: 0, out: expect.stringMatching(/^count has fired: event [0-9a-f-]{36}\n$/) })
  const states: string[] = []
  const list = async () => {
    const { out } = await ebb('list')
    states.push(/close-books.*Z (\w+), by hand/.exec(out)?.[1] ?? out)
    return out
  }
  expect((await list()).split('\n').map((line) => line.replaceAll(/ {2,}/g, '  '))).toEqual([
    'SCHEDULE  CRON  NEXT  LAST  WAITING',
    `close-books  0 3 * * * UTC  2030-01-01T03:00:00.000Z  ${body.plannedAt} running, by hand  0`,
    expect.stringMatching(/^count {2}0 4 \* \* \* UTC {2}not known yet {2}\S+ running, by hand {2}0$/),
    '',
  ])
  await pool.query('update ebb.outbox set fanned_out_at = now()')
  await pool.query("insert into ebb.delivery (event_id, consumer, state) values ($1, 'close-books', 'dead')", [
    body.eventId,
  ])
  await list()
  await pool.query("update ebb.delivery set state = 'waiting'")
  await list()
  await pool.query('delete from ebb.delivery')
  await list()
  expect(states).toEqual(['running', 'dead', 'running', 'done'])
})
