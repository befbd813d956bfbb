import { afterAll, afterEach, beforeEach, expect, it } from '@jest/globals'
import { createLog, parseConfig } from 'ebb/kernel'
import { testDatabase } from 'ebb/testing'
import { Registry } from 'prom-client'
import type { Route } from '../../../src/contract/index.ts'
import { createPool } from '../../../src/data/postgres/pool.ts'
import { databaseUrlFor } from '../../../src/testing/test-database.ts'
import { query } from '../test-outbox.ts'
import { memoryLog, type Respond, startSubscriber, until } from '../test-support.ts'
import { createCheckMetrics } from './check-metrics.ts'
import { makeChecks } from './make-checks.ts'

// Hooks run in the order in which they are declared: the pool lets go before the database is dropped.
afterAll(() => pool.end())
const { url } = testDatabase()
const pool = createPool(databaseUrlFor('relay', url), { log: createLog({ level: 'silent' }) })
beforeEach(() => query(url, 'truncate ebb.synthetic_check'))

const running: { stop(): Promise<void> }[] = []
afterEach(() => Promise.all(running.splice(0).map(({ stop }) => stop())))

const ROUTE: Partial<Route> = { name: 'list-notes', method: 'GET', path: '/v1/notes', timeoutMs: 2_000 }
const READ = { ...ROUTE, check: { everySeconds: 300, from: 'all', target: '/v1/notes?limit=1', status: 200 } }
const WRITE: Partial<Route> = {
  ...{ name: 'add-note', method: 'POST', path: '/v1/notes', timeoutMs: 2_000 },
  check: {
    ...{ everySeconds: 300, from: 'short', target: '/v1/notes', body: '{"text":"x"}', status: 201 },
    undo: { name: 'remove-note', method: 'DELETE', path: '/v1/teams/{team}/notes/{id}', params: { team: 't' } },
  },
}

interface Row {
  readonly failures: number
  readonly undo: string | null
  readonly key: string | null
  readonly runs: readonly {
    readonly passed: boolean
    readonly status: number | null
    readonly message: string | null
  }[]
}
const rowOf = async () => (await query<Row>(url, 'select * from ebb.synthetic_check'))[0]
const runs = (count: number) => until(`${count} runs`, async () => ((await rowOf())?.runs.length ?? 0) === count)
/** As if the interval were over. */
const makeDue = () => query(url, `update ebb.synthetic_check set began_at = began_at - interval '300 seconds'`)

/** A gateway that answers with `answer`, and what makes the checks of these routes there in each of some relays. */
async function start(routes: readonly Partial<Route>[], answer: Respond, { relays = 1 } = {}) {
  const gateway = await startSubscriber(answer)
  const config = parseConfig({
    ...{ EBB_CHECKS_URL: gateway.template.replace('/{name}', '/api'), EBB_CHECKS_KEY: 'ebb_key' },
  })
  const begin = () => {
    const [log, registry] = [memoryLog(), new Registry()]
    const metrics = createCheckMetrics([registry])
    const checks = makeChecks(config, {
      // What it reads of a route is there.
      ...{ pool, routes: () => routes as readonly Route[], log, metrics, pollMs: 5 },
    })
    if (!checks) throw new Error('there is an address')
    running.push(checks)
    return { log, registry, stop: checks.stop }
  }
  return { ...gateway, begin, started: Array.from({ length: relays }, begin) }
}

it('a check comes as callers do, and each is made once, however many relays there are', async () => {
  const { received, started } = await start([READ], (response) => response.end('{}'), { relays: 3 })
  await runs(1)
  for (let n = 2; n <= 5; n++) {
    await makeDue()
    await runs(n)
  }
  expect(received).toHaveLength(5)
  expect(received[0]).toMatchObject({ url: '/api/v1/notes?limit=1', headers: { 'x-api-key': 'ebb_key' } })
  expect((await rowOf())?.runs[0]).toEqual({
    ...{ at: expect.stringMatching(/Z$/), passed: true, status: 200, message: null },
    ...{ durationMs: expect.any(Number), correlationId: received[4]?.headers['x-correlation-id'] },
  })
  await until('each is logged once', () => started.flatMap(({ log }) => log.linesOf('check passed')).length === 5)
})

it('one that fails is told with its reason, by all relays, until it passes', async () => {
  const { started } = await start([READ], (response, count) =>
    count <= 2 ? response.writeHead(503).end('{"error":"unavailable"}') : response.end('{}'),
  )
  await runs(1)
  await makeDue()
  await runs(2)
  const [one] = started
  await until('both are told', () => one?.log.count('check failed') === 2)
  expect(one?.log.linesOf('check failed')[0]).toMatchObject({
    ...{ check: 'list-notes', status: 503, reason: 'it answered 503 (unavailable) in place of 200' },
  })
  const metrics = async () => (await one?.registry.metrics()) ?? ''
  await until('it is told', async () => (await metrics()).includes('ebb_check_failures{check="list-notes"} 2'))
  expect(await metrics()).toContain('ebb_check_runs_total{check="list-notes",outcome="failed"} 2')
  await makeDue()
  await runs(3)
  await until('it is over', async () => (await metrics()).includes('ebb_check_failures{check="list-notes"} 0'))
  expect(await query(url, 'select from ebb.synthetic_check where failing_since is null')).toHaveLength(1)
})

it('without an address there are no checks', () => {
  const options = { pool, routes: () => [], log: memoryLog(), metrics: createCheckMetrics([new Registry()]) }
  expect(makeChecks(parseConfig({}), options)).toBeUndefined()
})

it('what a check writes is taken back, at the place that its reply names', async () => {
  const { received } = await start([WRITE], (response, count) =>
    count === 1 ? response.writeHead(201).end('{"id":"n 1"}') : response.writeHead(204).end(),
  )
  await runs(1)
  expect(received.map(({ url, body }) => [url, body])).toEqual([
    ['/api/v1/notes', '{"text":"x"}'],
    ['/api/v1/teams/t/notes/n%201', ''],
  ])
  expect(await rowOf()).toMatchObject({ failures: 0, undo: null, key: null, runs: [{ passed: true, status: 201 }] })
})

it('what could not be taken back is, before anything else is written', async () => {
  let isBroken = true
  const { received } = await start([WRITE], (response, _count, { url }) => {
    if (url.endsWith('/notes')) response.writeHead(201).end('{"id":"1"}')
    else response.writeHead(isBroken ? 500 : 204).end()
  })
  await runs(1)
  await makeDue()
  await runs(2)
  const left = '/v1/teams/t/notes/1'
  expect(await rowOf()).toMatchObject({ failures: 2, undo: left })
  expect((await rowOf())?.runs[0]?.message).toBe(`what it wrote is still there: DELETE ${left} answered 500`)
  isBroken = false
  await makeDue()
  await runs(3)
  const posts = received.filter(({ url }) => url.endsWith('/notes'))
  expect(received.map(({ url }) => url.endsWith('/notes'))).toEqual([true, false, false, false, true, false])
  expect(new Set(posts.map(({ headers }) => headers['idempotency-key'])).size).toBe(2)
  expect(await rowOf()).toMatchObject({ failures: 0, undo: null, key: null })
})

it('a relay that is stopped while it writes leaves that to another one, which asks by the same key', async () => {
  let held = true
  const { received, started, begin } = await start([WRITE], (response, _count, { url }) => {
    // As a function that is still at it.
    if (held) return
    if (url.endsWith('/notes')) response.writeHead(201).end('{"id":"1"}')
    else response.writeHead(204).end()
  })
  await until('it is asked', () => received.length === 1)
  await started[0]?.stop()
  held = false
  begin()
  await runs(1)
  const keys = received.filter(({ url }) => url.endsWith('/notes')).map(({ headers }) => headers['idempotency-key'])
  expect(keys).toEqual([expect.any(String), keys[0]])
  expect(await rowOf()).toMatchObject({ failures: 0, undo: null, key: null })
})

it('a relay that was killed while it writes loses its lease, and the other one asks by the same key', async () => {
  let held = true
  const { received, begin } = await start([WRITE], (response, _count, { url }) => {
    if (held) return
    if (url.endsWith('/notes')) response.writeHead(201).end('{"id":"1"}')
    else response.writeHead(204).end()
  })
  await until('it is asked', () => received.length === 1)
  // What is left of a relay that was killed: a lease that ends.
  await query(url, 'update ebb.synthetic_check set locked_until = now()')
  held = false
  begin()
  await runs(1)
  const keys = received.filter(({ url }) => url.endsWith('/notes')).map(({ headers }) => headers['idempotency-key'])
  expect(new Set(keys).size).toBe(1)
})

it('a check that no contract has any more is forgotten', async () => {
  await query(url, `insert into ebb.synthetic_check (name, seen_at) values ('gone', now() - interval '1 hour')`)
  await start([READ], (response) => response.end('{}'))
  await runs(1)
  expect(await query(url, `select from ebb.synthetic_check where name = 'gone'`)).toEqual([])
})
