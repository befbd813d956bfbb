import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { generateIdentityKeys } from 'ebb/protocol'
import pg from 'pg'
import { buildService } from '../../src/build/build-image.ts'
import { createKey } from '../../src/data/keys/api-keys.ts'
import { databaseUrlFor } from '../../src/testing/test-database.ts'
import { startProcess } from '../oracle/start-process.ts'
import { startUpstream } from '../oracle/upstream.ts'
import type { OtlpReceiver, Span } from '../support/otlp-receiver.ts'
import { things } from './things.ts'

const { start, receive, root, databaseUrl } = things()

const TRACE = 'c1'.repeat(16)
const CLICK = 'c2'.repeat(8)
const PEPPER = 'p'.repeat(32)

let images: string
beforeAll(async () => {
  images = await mkdtemp(join(tmpdir(), 'ebb-images-'))
  // Away from the checkout, so that an image finds no package but its own.
  for (const service of ['gateway', 'relay']) await buildService(root(), service, join(images, service))
})
afterAll(() => rm(images, { recursive: true, force: true }))

it('one trace leads from the click through gateway, function, outbox and relay to the subscriber', async () => {
  await using ends = new AsyncDisposableStack()
  const receiver = await receive()
  const upstream = await startUpstream()
  ends.defer(upstream.close)
  const keys = await generateIdentityKeys()
  const maker = await start('make-thing', { receiver, keys, env: { UPSTREAM_URL: upstream.url } })
  const noter = await start('note-thing', { receiver, keys })
  const service = async (name: 'gateway' | 'relay', target: string, ready: string) => {
    const env = { ...serviceEnv(name, target), EBB_IDENTITY_KEY: JSON.stringify(keys[name]) }
    const run = await startProcess([join(images, name, 'start.cjs')], {
      env: { ...env, ...telemetryEnv(receiver) },
      ready,
    })
    ends.defer(run.kill)
    return run
  }
  const gateway = await service('gateway', maker.url, 'listening')
  const relay = await service('relay', noter.url, 'relay ready')

  const answer = await fetch(`http://127.0.0.1:${gateway.ready.port}/v1/things/5f0f5ba4-45b9-4d4c-9c5e-3b7f6a1c0d02`, {
    method: 'POST',
    headers: {
      ...{ 'x-api-key': await keyOf('ada'), 'idempotency-key': 'click', 'content-type': 'application/json' },
      traceparent: `00-${TRACE}-${CLICK}-01`,
    },
    body: JSON.stringify({ name: 'lamp' }),
  })
  expect([answer.status, await answer.json()]).toEqual([201, expect.objectContaining({ name: 'lamp', maker: 'ada' })])

  const all = () => receiver.spans().filter(({ traceId }) => traceId === TRACE)
  await receiver.until(() => WAY.every((step) => all().some(step.is)), {
    what: 'every step of the way has exported its span',
  })
  const way = WAY.map((step) => all().filter(step.is))
  expect(way.map(({ length }) => length)).toEqual(WAY.map(() => 1))
  const [clicked, called, made, sent, delivered, taken, processed] = way.flat()
  expect(clicked).toMatchObject({ name: 'POST /v1/things/{id}', parentSpanId: CLICK })
  expect(clicked?.attributes).toMatchObject({ 'http.route': '/v1/things/{id}', 'http.response.status_code': 201 })
  expect(called).toMatchObject({ parentSpanId: clicked?.spanId, attributes: { 'http.response.status_code': 201 } })
  expect(made).toMatchObject({ parentSpanId: called?.spanId, name: 'POST /v1/things/{id}' })
  expect(sent).toMatchObject({ parentSpanId: made?.spanId, name: 'send thing.made' })
  expect(delivered).toMatchObject({ parentSpanId: sent?.spanId, attributes: { 'http.response.status_code': 204 } })
  expect(taken).toMatchObject({ parentSpanId: delivered?.spanId, attributes: { 'faas.trigger': 'pubsub' } })
  expect(processed).toMatchObject({
    ...{ parentSpanId: taken?.spanId, name: 'process thing.made' },
    links: [{ traceId: TRACE, spanId: sent?.spanId }],
    attributes: { 'messaging.message.id': sent?.attributes['messaging.message.id'] },
  })
  // The subscriber's transaction is that of the emitter's tenant.
  expect([clicked, made, taken].map((span) => span?.attributes['ebb.tenant'])).toEqual(['acme', 'acme', 'acme'])
  expect(JSON.stringify(all().map(({ attributes }) => attributes['db.query.text']))).not.toContain('acme')
  // Whom the caller called is known to both, and so is who it was.
  for (const name of ['server.address', 'server.port', 'client.address'])
    expect([name, made?.attributes[name]]).toEqual([name, clicked?.attributes[name]])
  const [event] = await query<{ traceparent: string }>('select traceparent from ebb.outbox')
  expect(event).toEqual({ traceparent: `00-${TRACE}-${sent?.spanId}-01` })

  expect(await Promise.all([gateway, relay, maker, noter].map((each) => each.stop()))).toEqual([0, 0, 0, 0])
})

/** The spans that lead from one process to the next, in their order. */
const WAY = [
  ...[step('gateway', 'server'), step('gateway', 'client', 'url.full'), step('make-thing', 'server')],
  ...[step('make-thing', 'producer'), step('relay', 'client', 'url.full')],
  ...[step('note-thing', 'server'), step('note-thing', 'consumer')],
]

function step(service: string, kind: Span['kind'], attribute?: string) {
  const is = ({ resource, kind: own, attributes }: Span) =>
    resource['service.name'] === service && own === kind && (!attribute || attribute in attributes)
  return { is }
}

/** The user's part of the address is nothing that is sent: every function is where the one is. */
const serviceEnv = (name: 'gateway' | 'relay', target: string) => ({
  ...{ PORT: '0', DATABASE_URL: databaseUrlFor(name, databaseUrl), EBB_CONTRACTS: join(images, name, 'contracts') },
  ...{ EBB_KEY_PEPPER: PEPPER, EBB_ADMIN_KEY: 'admin-key-of-this-test' },
  EBB_UPSTREAM_TEMPLATE: target.replace('//', '//{name}@'),
  OTEL_SERVICE_NAME: name,
})

const telemetryEnv = ({ url }: OtlpReceiver) => ({
  ...{ OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', OTEL_BSP_SCHEDULE_DELAY: '100' },
  // Of auto-instrumentations, in the relay.
  ...{ OTEL_SEMCONV_STABILITY_OPT_IN: 'http,database', OTEL_NODE_RESOURCE_DETECTORS: 'env' },
  ...{ OTEL_LOGS_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' },
})

async function keyOf(subject: string): Promise<string> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 })
  const grant = { subject, tenant: 'acme', scopes: ['things:write'], actor: 'test' }
  const { token } = await createKey(pool, PEPPER, grant).finally(() => pool.end())
  return token
}

async function query<Row extends pg.QueryResultRow>(text: string): Promise<readonly Row[]> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  return (await client.query<Row>(text).finally(() => client.end())).rows
}
