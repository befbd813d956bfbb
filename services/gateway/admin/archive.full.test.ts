import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeEach, expect, it } from '@jest/globals'
import { HTTP } from 'cloudevents'
import { createLog, inheritedEnv } from 'ebb/kernel'
import { createPool } from '../../../src/data/postgres/pool.ts'
import { testDatabase } from '../../../src/testing/index.ts'
import { ADMIN, ADMIN_KEY, gatewaySettings, startTestGateway } from '../test-support.ts'

// Hooks run in the order in which they are declared: the pool lets go before the database is dropped.
afterAll(() => pool.end())
const database = testDatabase()
const pool = createPool(database.ownerUrl, { log: createLog({ level: 'silent' }) })
let admin = ''
let folder = ''
afterEach(() => rm(folder, { recursive: true, force: true }))
beforeEach(async () => {
  const { env } = await gatewaySettings(database.url, (_request, response) => void response.end())
  ;({ admin } = await startTestGateway(env))
  folder = await mkdtemp(join(tmpdir(), 'ebb-archive-test-'))
  await pool.query('truncate ebb.outbox, ebb.delivery, ebb.attempt, ebb.archived_day')
})

/** Events of a day that are done. */
const fill = async (day: string, { count = 1, bytes = 1 } = {}) => {
  await pool.query(
    `with made as (
       insert into ebb.outbox (id, type, version, source, payload, payload_bytes, traceparent, correlation_id, caller_id, created_at, fanned_out_at)
       select gen_random_uuid(), 'user.created', 2, '/test', jsonb_build_object('n', n, 'text', repeat('x', $3)), $3, '00-a-b-01', 'c', 'ann',
              $1::date + n * interval '1 ms', now()
       from generate_series(1, $2::int) as n
       returning id, created_at
     )
     insert into ebb.attempt (event_id, consumer, number, started_at, duration_ms, status, traceparent, outcome)
     select id, 'send-welcome', 1, created_at, 7, 204, 't', 'done' from made`,
    [day, count, bytes],
  )
}

async function ebb(...args: readonly string[]) {
  const child = spawn(process.execPath, ['src/cli.ts', 'events', 'archive', ...args, '--admin', admin], {
    env: { ...inheritedEnv(['PATH', 'NODE_COMPILE_CACHE']), EBB_ADMIN_KEY: ADMIN_KEY },
  })
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { out, err, code }
}
const linesOf = async (file: string) =>
  (await readFile(join(folder, file), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
const archivedDays = async () =>
  (await pool.query(`select to_char(day, 'YYYY-MM-DD') as day from ebb.archived_day order by day`)).rows.map(
    ({ day }) => day,
  )

it('each day that is over goes into a file of its own, whole and once, and the next run goes on', async () => {
  await fill('2026-10-01', { count: 450 })
  await fill('2026-10-03', { count: 3, bytes: 3_000_000 })
  const first = await ebb('--to', folder, '--before', '2026-10-02')
  expect([first.err, first.out]).toEqual(['', `${join(folder, '2026-10-01.ndjson')}: 450 events\n`])
  const second = await ebb('--to', folder)
  expect([second.err, second.out]).toEqual(['', `${join(folder, '2026-10-03.ndjson')}: 3 events\n`])
  expect((await ebb('--to', folder)).out).toBe('Every day that is over is archived.\n')
  expect((await readdir(folder)).sort()).toEqual(['2026-10-01.ndjson', '2026-10-03.ndjson'])
  expect(await archivedDays()).toEqual(['2026-10-01', '2026-10-03'])

  const lines = await linesOf('2026-10-01.ndjson')
  expect(lines.map(({ event }) => event.data.n)).toEqual(Array.from({ length: 450 }, (_, i) => i + 1))
  const [{ event, deliveries }] = lines
  expect(deliveries).toMatchObject([
    { consumer: 'send-welcome', state: 'done', attempts: 1, history: [{ status: 204 }] },
  ])
  // As the official SDK reads it.
  const headers = { 'content-type': 'application/cloudevents+json' }
  expect(HTTP.toEvent({ headers, body: JSON.stringify(event) })).toMatchObject({
    ...{ id: event.id, type: 'user.created.v2', source: '/test', data: { n: 1 }, correlationid: 'c', callerid: 'ann' },
  })
  expect((await linesOf('2026-10-03.ndjson')).map((one) => one.event.data.text.length)).toEqual(
    Array(3).fill(3_000_000),
  )
})

it('a stream to the standard output records nothing, until that is asked for', async () => {
  await fill('2026-10-01', { count: 2 })
  const piped = await ebb('--to', '-')
  expect([piped.err, piped.out.trimEnd().split('\n').length]).toEqual(['', 2])
  expect(await archivedDays()).toEqual([])
  const recorded = await ebb('--record', '--before', '2026-10-02')
  expect([recorded.err, recorded.out]).toEqual(['', '2026-10-01 is recorded as archived.\n'])
  const { rows } = await pool.query(`select actor, subject from ebb.audit where action = 'event.archived'`)
  expect(rows).toContainEqual({ actor: 'admin', subject: '2026-10-01' })
})

it('a file that cannot be written is no archive: exit 1, and the day is not recorded', async () => {
  await fill('2026-10-01')
  await writeFile(join(folder, 'file'), '')
  const refused = await ebb('--to', join(folder, 'file', 'below'))
  expect([refused.code, await archivedDays()]).toEqual([1, []])
  expect(refused.err).toMatch(/2026-10-01\.ndjson\.part could not be written, and 2026-10-01 is not archived: /)
})

it('what the API cannot give to its end is no archive either', async () => {
  await fill('2026-10-01')
  await pool.query('alter table ebb.attempt rename to attempt_gone')
  const { code, err } = await ebb('--to', folder)
  await pool.query('alter table ebb.attempt_gone rename to attempt')
  expect([code, await archivedDays()]).toEqual([1, []])
  expect(err).toContain('Something went wrong here')
  expect((await readdir(folder)).filter((name) => name.endsWith('.ndjson'))).toEqual([])
})

it('409 today is not over, and is listed by nobody', async () => {
  const today = new Date().toISOString().slice(0, 10)
  await fill(today)
  const send = (path: string, init: RequestInit = {}) =>
    fetch(`${admin}/v1/events/days${path}`, {
      ...init,
      headers: { ...ADMIN, 'content-type': 'application/json' },
    })
  expect(await (await send('')).json()).toEqual({ days: [] })
  const recorded = await send(`/${today}`, { method: 'PUT', body: '{}' })
  expect([recorded.status, await recorded.json()]).toMatchObject([409, { error: 'day_not_over' }])
  expect((await send('/2026-02-31')).status).toBe(400)
})
