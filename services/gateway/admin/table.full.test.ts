import { createServer } from 'node:http'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import { createLog, parseConfig } from 'ebb/kernel'
import { Registry } from 'prom-client'
import type { ContractSet } from '../../../src/contract/index.ts'
import type { AuditEntry } from '../../../src/data/audit.ts'
import { startCanary } from '../../../src/data/canaries/canary-store.ts'
import { createKey } from '../../../src/data/keys/api-keys.ts'
import { createPool } from '../../../src/data/postgres/pool.ts'
import type { AdminEndpoint } from '../../../src/protocol/admin/admin-endpoint.ts'
import type { BreakerState } from '../../../src/protocol/admin/gateway.ts'
import { ADMIN_ENDPOINTS } from '../../../src/protocol/admin/index.ts'
import type { Span } from '../../../src/protocol/traces/span.ts'
import { testDatabase } from '../../../src/testing/index.ts'
import { createControls } from '../controls.ts'
import { createRecentRequests } from '../requests/recent-requests.ts'
import { countTraffic } from '../requests/traffic.ts'
import { ADMIN, ADMIN_KEY, listenForTest, PEPPER } from '../test-support.ts'
import { createAdminApp } from './app.ts'

// Hooks run in the order in which they are declared: the pool lets go before the database is dropped.
afterAll(() => pool.end())
const database = testDatabase()
const log = createLog({ level: 'silent' })
const pool = createPool(database.ownerUrl, { log })

const ID = '00000000-0000-4000-8000-000000000001'
const UNWANTED = '00000000-0000-4000-8000-000000000002'
const CALLS = ['00000000-0000-4000-8000-000000000003', '00000000-0000-4000-8000-000000000004'] as const
beforeAll(async () => {
  await pool.query(
    `insert into ebb.outbox (id, type, source, payload, traceparent, correlation_id, caller_id, fanned_out_at)
     select id, 'user.created', '/test', '{}', '00-a-b-01', 'c', 'ann', now() from unnest($1::uuid[]) as id`,
    [[ID, UNWANTED]],
  )
  await pool.query(
    `insert into ebb.delivery (event_id, consumer, state, settled_at) select id, 'send-welcome', 'dead', now() from unnest($1::uuid[]) as id`,
    [[ID, UNWANTED]],
  )
  await pool.query(
    `insert into ebb.invocation (id, caller, scopes, function, method, target, headers, body, correlation_id, traceparent)
     select id, 'ann', '{}', 'create-thing', 'POST', '/v1/things', '{}', '', 'c', '00-a-b-01' from unnest($1::uuid[]) as id`,
    [CALLS],
  )
})

const contracts = {
  routes: [
    {
      ...{ name: 'get-thing', method: 'GET', path: '/v1/things', summary: 'A test.', kind: 'endpoint', scopes: [] },
      ...{ timeoutMs: 1_000, scale: { max: 1, concurrency: 1 }, idempotent: false, async: false },
      check: { everySeconds: 300, from: 'all', target: '/v1/things', status: 200 },
    },
  ],
  subscriptions: [
    { name: 'send-welcome', on: 'user.created' },
    {
      ...{ name: 'close-books', on: 'ebb.close_books.fired' },
      schedule: { cron: '0 3 * * *', timeZone: 'UTC', missed: 'once', overlap: 'skip', jitterMs: 0 },
    },
  ],
  authorizers: [],
  openapi: {},
  plans: { pro: {} },
  data: () => ({}),
  validateEvent: () => ({ ok: true, data: {} }),
} as unknown as ContractSet

const HEAP = {
  callFrame: { functionName: '(root)', url: '', lineNumber: -1, columnNumber: -1 },
  ...{ selfSize: 1_024, children: [] },
}

const breaker: BreakerState = {
  name: 'get-thing',
  state: 'open',
  calls: 20,
  faults: 15,
  opensAgainInMs: 4_000,
}

/** The admin API of a gateway that has everything, and what it was made to do beside the database. */
async function start() {
  const runner = createServer((_request, response) => void response.end('{"ref":"HEAD","findings":[],"broken":[]}'))
  const differencesUrl = `http://127.0.0.1:${await listenForTest(runner)}`
  const done: string[] = []
  const breakers = { list: () => [breaker], reset: (name: string) => done.push(`reset ${name}`) > 0 }
  const app = createAdminApp({
    ...{ adminKeys: () => [ADMIN_KEY], adminScope: undefined, hosts: undefined, authenticate: {}, pool, log },
    ...{ pepper: PEPPER, contracts: () => contracts, registry: new Registry(), functions: async () => [] },
    flushUsage: async () => {},
    refreshCanaries: async () => {},
    profile: async () => ({ kind: 'heap', profile: { head: HEAP } }),
    contractsStatus: () => ({ file: 'contracts-1.cjs', loadedAt: '2026-11-30T00:00:00Z', reloads: 0, failure: null }),
    // Its own, so that there is something to send a request to.
    ownPort: () => ({ port: Number(URL.parse(url)?.port), isTls: false }),
    tokens: { refresh: async () => void done.push('refreshed'), status: () => [] },
    controls: createControls({ log: createLog({ level: 'warn' }), setting: () => 'warn', breakers }),
    alerts: { read: async () => ({ evaluatedAtMs: 0, sinceMs: 0, states: [] }) },
    ...{ config: parseConfig({}), gateway: 'gateway-1', requests: createRecentRequests('gateway-1') },
    ...{ traffic: countTraffic('gateway-1'), differencesUrl },
    explain: async ({ method, target }) => ({
      method,
      target,
      route: null,
      steps: [],
      outcome: null,
      forwardsTo: null,
    }),
    mailbox: { list: async () => [MAIL], find: async () => MAIL },
    records: {
      list: async () => ({ since: null, dropped: 0, traces: [] }),
      read: async () => [SPAN],
      find: async () => NOTHING,
    },
  })
  const url = `http://127.0.0.1:${await listenForTest(createServer(app))}`
  const send = async (endpoint: AdminEndpoint, headers: Readonly<Record<string, string>> = ADMIN) => {
    const { params = {}, query, body } = await sampleOf(endpoint, url)
    const path = endpoint.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => params[name] ?? '')
    const response = await fetch(`${url}${path}${query ? `?${new URLSearchParams(query)}` : ''}`, {
      ...{ method: endpoint.method, headers: { 'content-type': 'application/json', ...headers } },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    // A stream of events has no end.
    if (response.ok && 'event' in endpoint.reply) await response.body?.cancel()
    const text = response.bodyUsed ? '' : await response.text()
    return { status: response.status, headers: response.headers, text }
  }
  return { url, send, done }
}

interface Sample {
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
}

const SPAN: Span = {
  ...{ traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', parentSpanId: null, part: 'gateway' },
  ...{ name: 'GET /v1/things', kind: 'server', startUs: 1, endUs: 2, failed: false, message: null, attributes: {} },
}
const MAIL = {
  ...{ id: 'm@shop.example', at: '2026-11-30T00:00:00Z', from: 'shop@shop.example', to: ['ada@example.com'] },
  ...{ subject: 'Welcome', text: 'Hello', html: '<p>Hello', correlationId: null, traceId: null },
}
const NOTHING = { lines: [], spans: [], logSince: null, tracesSince: null }

let subjects = 0

/** A request that the endpoint accepts. */
async function sampleOf({ name }: AdminEndpoint, url: string): Promise<Sample> {
  const newKey = async () => {
    const { key } = await createKey(pool, PEPPER, { subject: `s${++subjects}`, scopes: [], actor: 'test' })
    return { id: key.id }
  }
  const newCanary = async (name: string) => {
    const shares = { steps: [10], requests: 120, seconds: 30, byHeader: false }
    await startCanary(pool, { name, image: `${name}:2`, ...shares }, 'test')
    return { params: { name } }
  }
  const samples: Readonly<Record<string, Sample | (() => Promise<Sample>)>> = {
    'keys.create': { body: { subject: 'new', scopes: ['things:write'] } },
    'keys.rotate': async () => ({ params: await newKey(), body: {} }),
    'keys.revoke': async () => ({ params: await newKey() }),
    'plans.set': { params: { tenant: 'acme' }, body: { plan: 'pro' } },
    'plans.unset': { params: { tenant: 'acme' } },
    'usage.list': { query: { from: '2026-11-01', to: '2026-11-30', byDay: 'true' } },
    'events.waiting': { query: { function: 'send-welcome' } },
    'events.show': { params: { id: ID } },
    'events.archive': { params: { day: '2026-11-01' } },
    'events.archived': { params: { day: '2026-11-01' }, body: { events: 0 } },
    'events.data': { params: { id: ID } },
    'events.edit': { params: { id: ID, consumer: 'send-welcome' }, body: { data: {} } },
    'events.drop': { body: { id: UNWANTED, reason: 'a test' } },
    'events.redrive': { body: { id: ID } },
    'events.delivered': { params: { id: ID, consumer: 'send-welcome' } },
    'invocations.show': { params: { id: CALLS[0] } },
    'invocations.cancel': { params: { id: CALLS[1] }, body: { reason: 'a test' } },
    'session.begin': async () => {
      const made = await fetch(`${url}/v1/session/keys`, { method: 'POST', headers: ADMIN })
      return { body: { key: ((await made.json()) as { key: string }).key } }
    },
    'schedules.run': { params: { name: 'close-books' } },
    'cost.whatIf': { query: { function: 'get-thing', min: '1' } },
    'functions.profile': { params: { name: 'get-thing' }, body: { kind: 'heap', seconds: 1, as: 'flame' } },
    'canaries.start': { params: { name: 'get-thing' }, body: { image: 'get-thing:2' } },
    'canaries.abort': () => newCanary('send-welcome'),
    'canaries.promote': () => newCanary('close-books'),
    'checks.run': { params: { name: 'get-thing' } },
    'log-level.set': { body: { level: 'error' } },
    'cache.purge': { body: { tag: 'product:17' } },
    'breakers.reset': { params: { name: 'get-thing' } },
    'traces.show': { params: { id: SPAN.traceId } },
    'mails.show': { params: { id: MAIL.id } },
    'mails.html': { params: { id: MAIL.id } },
    'requests.story': { params: { id: ID } },
    'requests.explain': { body: { method: 'GET', target: '/v1/things' } },
    'requests.send': { body: { method: 'GET', target: '/openapi.json' } },
  }
  const sample = samples[name] ?? {}
  return typeof sample === 'function' ? sample() : sample
}

const auditAfter = async (id: number) =>
  (await pool.query<AuditEntry>(`select * from ebb.audit where id > $1 and actor <> 'test' order by id`, [id])).rows
const lastAudit = async () => (await pool.query('select coalesce(max(id), 0)::int as id from ebb.audit')).rows[0].id

it.each(ADMIN_ENDPOINTS.map((endpoint) => [endpoint.name, endpoint] as const))(
  '%s replies as it says, and leaves the audit row that it says',
  async (_name, endpoint) => {
    const { send } = await start()
    const before = await lastAudit()
    const { status, headers, text } = await send(endpoint)
    expect([status, text.slice(0, 200)]).toEqual([endpoint.reply.status, expect.any(String)])
    expect(headers.get('cache-control')).toBe('no-store')
    if ('body' in endpoint.reply) {
      const parsed = endpoint.reply.body.safeParse(JSON.parse(text))
      expect(parsed.error).toBeUndefined()
      // Nothing that the document does not say.
      expect(parsed.data).toEqual(JSON.parse(text))
    } else if ('text' in endpoint.reply) expect(headers.get('content-type')).toBe(endpoint.reply.text)
    else expect(text.trim()).toBe('')
    const rows = await auditAfter(before)
    expect(rows.map(({ action, actor }) => [action, actor])).toEqual(
      endpoint.change === undefined ? [] : [[endpoint.change, 'admin']],
    )
  },
)

it('whatever is no GET and changes nothing is known to', () => {
  const silent = ADMIN_ENDPOINTS.filter(({ method, change }) => method !== 'GET' && change === undefined)
  expect(silent.map(({ name }) => name)).toEqual(['requests.explain', 'session.begin', 'session.end', 'session.key'])
  const writing = ADMIN_ENDPOINTS.filter(({ method, change }) => method === 'GET' && change !== undefined)
  expect(writing).toEqual([])
})

it('401 without the key, for all but what is open', async () => {
  const { send } = await start()
  const answers = await Promise.all(ADMIN_ENDPOINTS.map(async (one) => [one, (await send(one, {})).status] as const))
  expect(answers.filter(([, status]) => status !== 401).map(([{ name }]) => name)).toEqual([
    'functions.list',
    'metrics.read',
    'session.show',
    'session.begin',
  ])
})

it('415 a body that a page could send without asking, and nothing has changed', async () => {
  const { send, done } = await start()
  const before = await lastAudit()
  for (const endpoint of ADMIN_ENDPOINTS.filter(({ body }) => body))
    expect((await send(endpoint, { ...ADMIN, 'content-type': 'text/plain' })).status).toBe(415)
  expect([await auditAfter(before), done]).toEqual([[], []])
})

it('refuses a change whose row cannot be written, and nothing has changed', async () => {
  const { send, done } = await start()
  await pool.query('alter table ebb.audit rename to audit_gone')
  const changes = ADMIN_ENDPOINTS.filter(({ name }) => /^(breakers.reset|issuers.refresh|log-level.set)$/.test(name))
  const statuses = await Promise.all(changes.map(async (one) => (await send(one)).status))
  await pool.query('alter table ebb.audit_gone rename to audit')
  expect(statuses).toEqual([500, 500, 500])
  expect(done).toEqual([])
})

it('is described by an OpenAPI 3.1 document that has no fault', async () => {
  const { url } = await start()
  const source = await (await fetch(`${url}/openapi.json`)).text()
  const config = await createConfig({ extends: ['recommended'] })
  const problems = await lintFromString({ source, absoluteRef: 'openapi.json', config })
  const errors = problems.filter(({ severity }) => severity === 'error')
  expect(errors.map(({ message, location }) => [message, location[0]?.pointer])).toEqual([])
  const { paths } = JSON.parse(source) as { paths: Record<string, Record<string, { operationId: string }>> }
  const operations = Object.values(paths).flatMap((item) => Object.values(item).map(({ operationId }) => operationId))
  expect(operations.sort()).toEqual(ADMIN_ENDPOINTS.map(({ name }) => name).sort())
  expect(paths['/v1/keys/{id}/rotate']?.post).toMatchObject({
    'x-audit': 'key.rotated',
    parameters: [{ name: 'id', in: 'path', required: true }],
  })
})
