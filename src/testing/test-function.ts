import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect } from '@jest/globals'
import pg from 'pg'
import supertest from 'supertest'
import type { AuthorizerContract, EndpointContract, ReceiverContract } from '../contract/index.ts'
import { acceptUpgrades } from '../http/accept-upgrades.ts'
import { MAX_FUNCTION_HEADER_BYTES } from '../http/header-limits.ts'
import { createApp, type Implementation, openResources, type Uses } from '../http/index.ts'
import { createLog, parseConfig, type Resource, Secret } from '../kernel/index.ts'
import {
  CLOUD_EVENT_BATCH_TYPE,
  createIdentitySigners,
  createIdentityVerifier,
  DELEGATION_HEADER,
  GATEWAY_IDENTITY,
  generateIdentityKeys,
  type SignIdentity,
  writeBatch,
  writeBinaryHeaders,
  writeDelegation,
} from '../protocol/index.ts'
import { type ServiceStub, startServices, type TestService } from './start-services.ts'
import { beforeDrop, type TestDatabase, testDatabase } from './test-database.ts'
import { startTestObjects } from './test-objects.ts'
import { findProject, readTestServer } from './test-server.ts'

/**
 * Who calls a function under test.
 * @example const caller: Caller = { sub: 'ada', scopes: ['orders:read'] }
 */
export interface Caller {
  /** The subject, as the handler's `caller.sub`. */
  readonly sub: string
  /** The scopes of the caller's API key or token; default: none. */
  readonly scopes?: readonly string[]
  /** The caller's roles; default: the key or token names none. */
  readonly roles?: readonly string[]
  /** The caller's tenant; default: the key or token names none. */
  readonly tenant?: string
  /** The function that calls on the caller's behalf; default: `test` where the function is internal, and none elsewhere. */
  readonly via?: string
}

type Agent = ReturnType<typeof supertest.agent>

/**
 * A function that runs for the tests of a file.
 * @example const count = async (fn: TestFunction) => (await fn.query('select from orders')).length
 */
export interface TestFunction {
  /** A supertest agent that calls as the gateway would for this caller. */
  as(caller: Caller): Promise<Agent>
  /** A supertest agent whose requests carry no signed identity: the function refuses them. */
  unsigned(): Promise<Agent>
  /**
   * Sends an event as the relay would, as a CloudEvent: with `tenant`, as one that a caller of that tenant has emitted; `from`
   * sends it as a caller, which the function refuses.
   */
  deliver(
    event: { readonly type: string; readonly data: unknown; readonly id?: string; readonly hops?: number },
    options?: { readonly from?: Caller; readonly tenant?: string },
  ): Promise<supertest.Response>
  /**
   * Sends events in one request, as the relay would to a subscriber with `batch`: 204 where all were taken, and else 200, whose
   * body names the others by their place, `{ failures: [{ index, status, error, message }] }`.
   */
  deliverBatch(
    events: readonly { readonly type: string; readonly data: unknown; readonly id?: string; readonly hops?: number }[],
    options?: { readonly from?: Caller; readonly tenant?: string },
  ): Promise<supertest.Response>
  /** Sends a firing of a schedule as the relay would: of the time that its cron names (default: now). With the same `id` it is the same firing. */
  fire(firing?: {
    readonly plannedAt?: string
    readonly manual?: boolean
    readonly id?: string
  }): Promise<supertest.Response>
  /** Sends a webhook as the relay would, once the gateway has checked its signature and stored it. With the same `id` it is the same one. */
  receive(webhook: {
    /** The provider's name of the event. */
    readonly event: string
    readonly payload: unknown
    /** The provider's id of it; default: another one each time. */
    readonly id?: string
  }): Promise<supertest.Response>
  /**
   * Sends the change of a row as the relay would to a subscriber of `change()`: an insert where there is only `after`, a delete where there
   * is only `before`, else an update. With the same `id` it is the same change.
   */
  change(change: {
    readonly before?: Readonly<Record<string, unknown>>
    readonly after?: Readonly<Record<string, unknown>>
    readonly id?: string
  }): Promise<supertest.Response>
  /** Asks an authorizer as the gateway would: the answer is its judgement. What is left out of the request is made up. */
  judge(request: {
    /** By lower-case name. */
    readonly headers: Readonly<Record<string, string>>
    readonly method?: string
    /** The path of the endpoint's contract. */
    readonly route?: string
    readonly path?: string
    readonly query?: string
    readonly body?: string | Uint8Array
  }): Promise<supertest.Response>
  /** Where it listens, such as `http://127.0.0.1:40123`: for requests that supertest cannot send. */
  address(): Promise<string>
  /** The headers that the gateway would add for this caller. */
  headers(caller: Caller): Promise<Readonly<Record<string, string>>>
  /** Runs a statement in the function's database as its owner, to prepare it or to look at it; resolves to the rows. */
  query<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>
  /** The tags that the function has purged since the last call, in order: those of requests that were committed. */
  purged(): Promise<readonly string[]>
  /**
   * The events that were emitted in the function's database since the last call, those of requests that were committed: of one request, and
   * of requests that came one after the other, in their order.
   */
  emitted(): Promise<readonly EmittedEvent[]>
  /**
   * Puts an object into the function's store, as an upload that has arrived, and returns its id: `pending` until the function completes
   * it, or `stored` already. For functions that use `objects`.
   */
  upload(content: Uint8Array, type: string, state?: 'pending' | 'stored'): Promise<string>
  /** The folder of the mail that the function sends, one .eml file a message. Known from the first hook or test on. */
  mailFolder(): string
  /** Its database, for another function of the same test. */
  readonly database: TestDatabase
}

/**
 * An event that a function under test has emitted.
 * @example const ordersOf = (events: readonly EmittedEvent[]) => events.filter(({ type }) => type === 'order.placed')
 */
export interface EmittedEvent {
  /** Its type, such as `order.placed`. */
  readonly type: string
  /** As its subscribers get them. */
  readonly data: unknown
  /** What it is about; undefined where the handler did not say. */
  readonly subject?: string
}

/**
 * What a function under test is started with.
 * @example const options: TestFunctionOptions = { env: { STRIPE_KEY: 'sk_test' } }
 */
export interface TestFunctionOptions<U extends Uses = Uses> {
  /**
   * What answers in the place of each function that it calls, by the names that its handler has for them: a stub, or another handler
   * of the project, which then runs on the same database.
   */
  readonly services?: TestServices<U>
  /**
   * What the handler gets in the place of resources, such as of a client of another company's API. Its database is always a real one.
   */
  readonly uses?: StubbedUses<U>
  /** The database of another function of this test, or one of `testDatabase()`, in place of one of its own. */
  readonly database?: TestDatabase
  /** Its settings and secrets, besides the database and the mail folder. */
  readonly env?: Readonly<Record<string, string>>
  /** Puts something before the function's database, such as a pooler, and returns the address of that. */
  readonly through?: (databaseUrl: string) => Promise<string>
}

/**
 * The resources of one function that a test may have something else for: those without transactions.
 * @example const uses: StubbedUses<{ http: typeof http }> = {}
 */
export type StubbedUses<U extends Uses> = {
  readonly [Name in keyof U as U[Name] extends { readonly transaction: object } | { readonly contracts: object }
    ? never
    : Name]?: U[Name] extends Resource<infer Bound> ? Partial<Bound> : never
}

/**
 * The functions that the resources of one function call, each with what may answer in its place.
 * @example const services: TestServices<Uses> = {}
 */
export type TestServices<U extends Uses> = {
  readonly [Name in keyof CalledBy<U>]?: ServiceStub<CalledBy<U>[Name]> | { readonly contract: CalledBy<U>[Name] }
}

/** The contracts of all that the resources call. */
type CalledBy<U extends Uses> = UnionToIntersection<
  { [K in keyof U]: U[K] extends { readonly contracts: infer Contracts } ? Contracts : never }[keyof U]
>
type UnionToIntersection<Union> = [Union] extends [never]
  ? Record<never, never>
  : (Union extends unknown ? (one: Union) => void : never) extends (all: infer All) => void
    ? All
    : never

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
  let close = async () => {}
  beforeDrop(database, () => close())
  const started = Promise.withResolvers<{
    server: Server
    sign: Record<'gateway' | 'relay', SignIdentity>
    headersOf: (issuer: 'gateway' | 'relay', caller: Caller) => Promise<Record<string, string>>
  }>()
  const project = findProject(readTestServer(), expect.getState().testPath ?? '')
  const pool = new pg.Pool({ connectionString: database.ownerUrl, max: 2 })
  const uploader = Promise.withResolvers<TestFunction['upload']>()
  const seen = new Set<string>()
  let folder = ''

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ebb-test-'))
    const usesObjects = Object.values(fn.uses).some(({ stores }) => stores.includes('objects'))
    const objects = usesObjects ? await startTestObjects(join(folder, 'objects'), pool) : undefined
    if (objects) uploader.resolve(objects.upload)
    else uploader.reject(new Error(`${name} does not use objects`))
    uploader.promise.catch(() => {})
    const settings = {
      ...(objects ? { EBB_OBJECTS_URL: objects.url } : {}),
      ...{ DATABASE_URL: await through(database.url), EBB_MAIL_FOLDER: folder },
      ...{ EBB_POLICY_FOLDER: join(project, 'domain/policy'), ...env },
    }
    const log = createLog({ level: 'silent' })
    const keys = await generateIdentityKeys()
    const called = calledBy(fn.uses, services)
    const running =
      called.length > 0
        ? await startServices(called, { config: parseConfig(settings), log, jwks: keys.jwks })
        : undefined
    const config = parseConfig({ ...(running ? { EBB_UPSTREAM_TEMPLATE: running.template } : {}), ...settings })
    // Any handler is called with what its own contract describes; createApp sees to that.
    const implementation = { ...fn, uses: withStubs(fn.uses, uses) } as unknown as Implementation
    const resources = openResources(implementation.uses, config, log, implementation.contract)
    const verify = createIdentityVerifier(keys.jwks, name)
    const maxConcurrency = config.EBB_MAX_CONCURRENCY
    const secrets = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, new Secret(value)]))
    const app = createApp(implementation, { resources, log, secrets, verify, maxConcurrency })
    const server = createServer({ maxHeaderSize: MAX_FUNCTION_HEADER_BYTES }, app)
    if (fn.contract.kind === 'endpoint' && fn.contract.upgrade) acceptUpgrades(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const signers = createIdentitySigners(keys)
    const calls = called.map(({ contract }) => ({ name: contract.name, scopes: contract.access.scopes ?? [] }))
    const headersOf = async (issuer: 'gateway' | 'relay', { scopes = [], ...given }: Caller) => {
      const sign = signers[issuer]
      const caller = { ...(isInternal(fn.contract) ? { via: 'test' } : {}), ...given, scopes }
      const delegated =
        calls.length > 0 && (await writeDelegation(sign, { caller, via: name, calls }, { waitMs: 600_000 }))
      return {
        'ebb-identity': await sign(caller, name),
        ...(delegated ? { [DELEGATION_HEADER]: delegated } : {}),
      }
    }
    started.resolve({ server, sign: signers, headersOf })
    close = async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await Promise.all([resources.close(), running?.close(), pool.end(), objects?.stop()])
      await rm(folder, { recursive: true, force: true })
    }
  })

  const address = async () => {
    const bound = (await started.promise).server.address()
    return `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`
  }
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
    address,
    headers: async (caller) => (await started.promise).headersOf('gateway', caller),
    upload: async (content, type, state = 'pending') => (await uploader.promise)(content, type, state),
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

const isInternal = (contract: Implementation['contract']) =>
  contract.kind === 'endpoint' && contract.access.internal === true

/** The resources, some of them as what a test has in their place. */
const withStubs = (uses: Uses, stubs: object): Uses =>
  Object.fromEntries(
    Object.entries(uses).map(([name, resource]) => {
      const stub = (stubs as Readonly<Record<string, unknown>>)[name]
      return [name, stub === undefined ? resource : { stores: [], open: () => stub, bind: (opened: unknown) => opened }]
    }),
  )

/** All functions that the resources call, each with what the test has in its place. */
const calledBy = (uses: Uses, services: object): readonly TestService[] =>
  Object.values(uses).flatMap((resource) => {
    const { contracts = {} } = resource as { readonly contracts?: Readonly<Record<string, EndpointContract>> }
    return Object.entries(contracts).map(([name, contract]) => ({
      contract,
      given: (services as Readonly<Record<string, TestService['given']>>)[name],
    }))
  })

type Row = Readonly<Record<string, unknown>> | undefined

function changeData(before: Row, after: Row) {
  if (!before) return { operation: 'insert', after }
  if (!after) return { operation: 'delete', before }
  const changed = Object.keys(after).filter((name) => JSON.stringify(after[name]) !== JSON.stringify(before[name]))
  return { operation: 'update', changed, before, after }
}
