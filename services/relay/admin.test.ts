import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { beforeEach, expect, it } from '@jest/globals'
import { VERSION } from 'ebb/kernel'
import { testDatabase } from 'ebb/testing'
import pg from 'pg'
import { databaseUrlFor } from '../../src/testing/test-database.ts'
import { MAX_COUNTED } from './backlog.ts'
import { countStates, emit, emitAll, emptyOutbox, query } from './test-outbox.ts'
import {
  closeLater,
  type Respond,
  relayEnv,
  startSubscriber,
  startTestRelay,
  subscription,
  until,
} from './test-support.ts'

const { url } = testDatabase()
beforeEach(() => emptyOutbox(url))

const settled = (state: string, count = 1) =>
  until(`${count} ${state}`, async () => (await countStates(url))[state] === count)

async function start(answer?: Respond, retry = { attempts: 3, minDelayMs: 20, maxDelayMs: 40 }) {
  const { received, template } = await startSubscriber(answer)
  const relay = await startTestRelay(url, template, { subscriptions: [subscription('send-welcome', { retry })] })
  return { received, ...relay, metrics: () => metricsOf(relay.admin) }
}

/** What a scrape tells, by name and labels as Prometheus writes them. */
async function metricsOf(admin: string): Promise<ReadonlyMap<string, number>> {
  const answer = await fetch(`${admin}/metrics`)
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    200,
    expect.stringMatching(/^text\/plain; version=/),
  ])
  const lines = (await answer.text()).split('\n').filter((line) => line && !line.startsWith('#'))
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  )
}

it('200 it is alive, and ready once it works with the database', async () => {
  const { admin } = await start()
  for (const path of ['/_/health', '/_/ready', '/_/ready?verbose']) {
    const answer = await fetch(admin + path)
    expect([path, answer.status, await answer.json()]).toEqual([path, 200, { status: 'ok' }])
  }
})

it('404 what does not exist, 405 what can only be read', async () => {
  const { admin } = await start()
  const missing = await fetch(`${admin}/v1/events`, { headers: { 'x-correlation-id': 'mine-1234' } })
  expect([missing.status, missing.headers.get('content-type')]).toEqual([404, 'application/problem+json'])
  expect(await missing.json()).toMatchObject({ status: 404, error: 'not_found', correlationId: 'mine-1234' })
  const posted = await fetch(`${admin}/metrics`, { method: 'POST' })
  expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
})

it('200 the attempts by consumer and outcome, with their durations', async () => {
  const { metrics } = await start((response, count) => {
    response.writeHead([503, 204, 422][count - 1] ?? 204, { 'ebb-revision': 'r1' }).end()
  })
  await emit(url)
  await settled('done')
  await emit(url)
  await settled('dead')
  const values = await metrics()
  const attempts = (part: string, outcome: string) =>
    values.get(`ebb_delivery_attempt_duration_seconds_${part}{consumer="send-welcome",outcome="${outcome}"}`)
  expect(['retry', 'done', 'dead'].map((outcome) => attempts('count', outcome))).toEqual([1, 1, 1])
  expect(attempts('sum', 'done')).toBeGreaterThan(0)
  expect(attempts('sum', 'done')).toBeLessThan(60)
  expect([values.get('ebb_dead_letters'), values.get('ebb_database_up')]).toEqual([1, 1])
  expect(values.get(`ebb_build_info{version="${VERSION}",revision="dev"}`)).toBe(1)
  expect(values.get('process_resident_memory_bytes')).toBeGreaterThan(0)
})

it('200 the backlog: how many calls wait, and for how long the oldest has been due', async () => {
  const { received, metrics } = await start((response) => response.writeHead(503, { 'retry-after': '600' }).end(), {
    ...{ attempts: 3, minDelayMs: 1_000, maxDelayMs: 1_000_000 },
  })
  const backlog = async () => {
    const values = await metrics()
    const of = (name: string) =>
      ['event', 'invocation'].map((kind) => values.get(`ebb_backlog_${name}{kind="${kind}"}`))
    return { size: of('size'), age: of('age_seconds') }
  }
  expect(await backlog()).toEqual({ size: [0, 0], age: [0, 0] })
  await emitAll(url, { count: 2 })
  await until('both are in back-off', async () => received.length === 2 && (await countStates(url)).waiting === 2)
  // What is in back-off waits, and is not due.
  expect(await backlog()).toEqual({ size: [2, 0], age: [0, 0] })
  await emit(url, { notify: false })
  await query(url, `update ebb.outbox set created_at = now() - interval '90 s' where fanned_out_at is null`)
  await addInvocation()
  const { size, age } = await backlog()
  expect(size).toEqual([3, 1])
  expect(Math.floor(age[0] ?? 0)).toBe(90)
  expect(Math.floor(age[1] ?? 0)).toBe(30)
})

const addInvocation = () =>
  query(
    url,
    `insert into ebb.invocation
       (id, caller, scopes, function, method, target, headers, body, correlation_id, traceparent, available_at)
     values (gen_random_uuid(), 'ann', '{}', 'no-function', 'POST', '/', '{}', '', 'c', 't', now() - interval '30 s')`,
  )

it('there is none where no port is set, and a port that is taken is reported in one sentence', async () => {
  const { template } = await startSubscriber()
  const env = await relayEnv(url, template, [])
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  closeLater(() => taken.close())
  // An http server that listens on a port has this kind of address.
  const { port } = taken.address() as AddressInfo
  const spawnRelay = (more: Record<string, string>) => {
    const child = spawn(process.execPath, ['services/relay/index.ts'], { env: { ...env, ...more } })
    closeLater(() => child.kill('SIGKILL'))
    return child
  }
  const refused = spawnRelay({ EBB_HOST: '127.0.0.1', EBB_ADMIN_PORT: String(port) })
  const errors = text(refused.stderr)
  expect(await once(refused, 'exit')).toEqual([1, null])
  expect(await errors).toBe(
    `relay: Port ${port} is in use; stop what listens there, or set EBB_ADMIN_PORT to another one.\n`,
  )
  const without = spawnRelay({})
  let output = ''
  without.stdout.on('data', (chunk) => (output += chunk))
  await until('it is ready', () => output.includes('relay ready'))
  without.kill('SIGTERM')
  expect(await once(without, 'exit')).toEqual([0, null])
  expect(output).not.toContain('listening')
})

it('200 a backlog larger than is counted, and a database that is too busy to count', async () => {
  const { template } = await startSubscriber()
  const { admin } = await startTestRelay(url, template, { subscriptions: [] })
  const bulk = MAX_COUNTED + 5
  await query(
    url,
    `with made as (
       insert into ebb.outbox (id, type, source, payload, traceparent, correlation_id, caller_id, fanned_out_at)
       select gen_random_uuid(), 't', 's', '{}', 't', 'c', 'a', now() from generate_series(1, ${bulk}) returning id
     )
     insert into ebb.delivery (event_id, consumer, available_at)
     select id, case when random() < 0.5 then 'one' else 'other' end, now() - interval '90 s' from made`,
  )
  await query(url, 'analyze ebb.delivery')
  const values = await metricsOf(admin)
  expect(values.get('ebb_backlog_size{kind="event"}')).toBe(MAX_COUNTED)
  expect(Math.floor(values.get('ebb_backlog_age_seconds{kind="event"}') ?? 0)).toBeGreaterThanOrEqual(90)

  const blocker = new pg.Client({ connectionString: databaseUrlFor('owner', url) })
  await blocker.connect()
  closeLater(() => blocker.end())
  await blocker.query('begin; lock table ebb.delivery in access exclusive mode')
  const busy = await metricsOf(admin)
  expect([busy.get('ebb_database_up'), busy.get('ebb_dead_letters')]).toEqual([1, undefined])
  // Nothing of it goes on.
  const [running] = await query<{ n: number }>(
    url,
    `select count(*)::int as n from pg_stat_activity where query like '%dead_letters%' and state = 'active' and pid <> pg_backend_pid()`,
  )
  expect(running?.n).toBe(0)
})
