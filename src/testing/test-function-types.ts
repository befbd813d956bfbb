import type pg from 'pg'
import type supertest from 'supertest'
import type { Uses } from '../http/index.ts'
import type { Resource } from '../kernel/index.ts'
import type { ServiceStub } from './start-services.ts'
import type { TestDatabase } from './test-database.ts'

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
