import { randomUUID } from 'node:crypto'
import { beforeAll, expect } from '@jest/globals'
import pg from 'pg'
import supertest from 'supertest'
import type { AuthorizerContract, ReceiverContract } from '../contract/index.ts'
import type { Implementation, Uses } from '../http/index.ts'
import { CLOUD_EVENT_BATCH_TYPE, GATEWAY_IDENTITY, writeBatch, writeBinaryHeaders } from '../protocol/index.ts'
import { runFunction } from './run-function.ts'
import { beforeDrop, testDatabase } from './test-database.ts'
import type { Caller, EmittedEvent, TestFunction, TestFunctionOptions } from './test-function-types.ts'
import { findProject, readTestServer } from './test-server.ts'

/**
 * Runs a function for the tests of this file: over real HTTP, on a database of its own, and with identities as gateway
 * and relay sign them. Call it where tests are declared: it declares hooks of jest, which start and end it.
 * @example
 * const fn = testFunction(handler)
 * it('404 for an order that does not exist', async () => {
 *   const agent = await fn.as({ sub: 'ada', scopes: ['orders:read'] })
 *   const { status, body } = await agent.get('/v1/orders/0b5c8ab0-5a0a-4a43-8d8a-ea9a8d2b64a0')
 *   expect([status, body.error]).toEqual([404, 'order_not_found'])
 * })
 * @see docs/guide/09-tests.md
 */
export function testFunction<C extends Implementation['contract'], U extends Uses>(
  fn: Implementation<C, U>,
  {
    env = {},
    services = {},
    uses = {},
    database = testDatabase(),
    through = async (databaseUrl) => databaseUrl,
  }: TestFunctionOptions<U> = {},
): TestFunction {
  const { name } = fn.contract
  const startedAt = new Date().toISOString()
  const project = findProject(readTestServer(), expect.getState().testPath ?? '')
  const pool = new pg.Pool({ connectionString: database.ownerUrl, max: 2 })
  const started = Promise.withResolvers<Awaited<ReturnType<typeof runFunction>>>()
  const seen = new Set<string>()
  let folder = ''
  let close = async () => {}
  beforeDrop(database, () => close())

  beforeAll(async () => {
    const databaseUrl = await through(database.url)
    // Any handler is called with what its own contract describes; createApp sees to that.
    const implementation = fn as unknown as Implementation
    const running = await runFunction(implementation, { services, uses, databaseUrl, pool, project, env })
    folder = running.folder
    close = async () => {
      await Promise.all([running.close(), pool.end()])
    }
    started.resolve(running)
  })

  const agent = async (issuer: 'gateway' | 'relay', caller: Caller) => {
    const { server, headersOf } = await started.promise
    return supertest.agent(server).set(await headersOf(issuer, caller))
  }
  const sender = ({ from, tenant }: NonNullable<Parameters<TestFunction['deliver']>[1]>) =>
    from ? agent('gateway', from) : agent('relay', { sub: 'relay', ...(tenant === undefined ? {} : { tenant }) })
  const attributesOf = ({ type, id = randomUUID(), hops }: Parameters<TestFunction['deliver']>[0]) => ({
    ...{ specversion: '1.0', id, source: '/test', type, ebbattempt: '1' },
    // As the relay would: a redelivery has the same.
    time: startedAt,
    ...(hops === undefined ? {} : { ebbhops: String(hops) }),
  })
  const deliver: TestFunction['deliver'] = async (event, options = {}) => {
    const request = (await sender(options)).post('/').set('content-type', 'application/json')
    return request.set(writeBinaryHeaders(attributesOf(event))).send(JSON.stringify(event.data))
  }
  return {
    deliver,
    deliverBatch: async (events, options = {}) => {
      const batch = events.map((event) => ({ attributes: attributesOf(event), json: JSON.stringify(event.data) }))
      const request = (await sender(options)).post('/').set('content-type', CLOUD_EVENT_BATCH_TYPE)
      return request.send(writeBatch(batch))
    },
    fire: async ({ plannedAt = new Date().toISOString(), manual = false, ...event } = {}) => {
      const { on } = fn.contract as Partial<ReceiverContract>
      return deliver({ ...event, type: on?.type ?? '', data: { plannedAt, manual } })
    },
    receive: async ({ event, payload, id = randomUUID() }) => {
      const { on } = fn.contract as Partial<ReceiverContract>
      const data = { id, event, receivedAt: new Date().toISOString(), payload }
      return deliver({ id: `${name} ${id}`, type: on?.type ?? '', data })
    },
    change: async ({ before, after, ...event }) => {
      const { on } = fn.contract as Partial<ReceiverContract>
      const place = { position: '0/1/0', committedAt: new Date().toISOString() }
      return deliver({ ...event, type: on?.type ?? '', data: { ...changeData(before, after), ...place } })
    },
    query: async <Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) =>
      (await pool.query<Row>(text, values.length > 0 ? [...values] : undefined)).rows,
    purged: async () => {
      const { rows } = await pool.query<{ value: string }>(
        'with purged as (delete from ebb.purge returning id, value) select value from purged order by id',
      )
      return rows.map(({ value }) => value)
    },
    emitted: async () => {
      const { rows } = await pool.query<EmittedEvent & { id: string; subject: string | null }>(
        `select id, type, payload as data, subject from ebb.outbox where id <> all($1::uuid[]) order by transaction_id, ctid`,
        [[...seen]],
      )
      for (const { id } of rows) seen.add(id)
      return rows.map(({ type, data, subject }) => ({ type, data, ...(subject === null ? {} : { subject }) }))
    },
    database,
    address: async () => (await started.promise).address,
    headers: async (caller) => (await started.promise).headersOf('gateway', caller),
    upload: async (content, type, state = 'pending') => {
      const { upload } = await started.promise
      if (!upload) throw new Error(`${name} does not use objects`)
      return upload(content, type, state)
    },
    mailFolder: () => folder,
    as: (caller) => agent('gateway', caller),
    unsigned: async () => supertest.agent((await started.promise).server),
    judge: async ({ method = 'GET', route = '/', body, ...presented }) => {
      const { server, sign } = await started.promise
      const { credentials } = fn.contract as Partial<AuthorizerContract>
      const parts = {
        ...(credentials?.path ? { path: route } : {}),
        ...(credentials?.query ? { query: '' } : {}),
        ...(credentials?.body ? { body: Buffer.from(body ?? '').toString('base64') } : {}),
      }
      const identity = await sign.gateway(GATEWAY_IDENTITY, name)
      return supertest(server)
        .post('/')
        .set('Ebb-Identity', identity)
        .send({ method, route, ...parts, ...presented })
    },
  }
}

type Row = Readonly<Record<string, unknown>> | undefined

function changeData(before: Row, after: Row) {
  if (!before) return { operation: 'insert', after }
  if (!after) return { operation: 'delete', before }
  const changed = Object.keys(after).filter((name) => JSON.stringify(after[name]) !== JSON.stringify(before[name]))
  return { operation: 'update', changed, before, after }
}
