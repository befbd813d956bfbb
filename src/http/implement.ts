import type * as z from 'zod'
import {
  type AuthorizerContract,
  type AuthorizerShape,
  type BatchResult,
  ContractError,
  type Delivered,
  type DeliveredBatch,
  type EndpointContract,
  type EndpointShape,
  type EventData,
  type Failure,
  type FailureOptions,
  type Input,
  isReceiver,
  type Judgement,
  type Output,
  type Presented,
  type ReceiveContract,
  type ReceiverContract,
  type ReceiveShape,
  type ReplyFunction,
  type ScheduleContract,
  type ScheduleShape,
  type SubscriberContract,
  type SubscriberShape,
  type WholeReplies,
} from '../contract/index.ts'
import {
  type Correlation,
  type Log,
  type PolicyResource,
  type Resource,
  type Secret,
  STORES,
  type TransactionalResource,
} from '../kernel/index.ts'
import type { Identity } from '../protocol/index.ts'
import { checkCallees } from './check-callees.ts'
import type { May } from './decisions.ts'
import type { EmitOptions } from './emit-options.ts'
import type { Owner } from './owner.ts'
import type { Version } from './preconditions.ts'

/**
 * The resources that a handler uses, by the names under which it gets them.
 * @example const uses = { sql: postgres, http } satisfies Uses
 */
export type Uses = Readonly<Record<string, Resource<unknown>>>
export type BoundResources<U extends Uses> = { readonly [K in keyof U]: U[K] extends Resource<infer T> ? T : never }
export type Contract =
  | EndpointContract<EndpointShape>
  | SubscriberContract<SubscriberShape>
  | ScheduleContract<ScheduleShape>
  | ReceiveContract<ReceiveShape>
  | AuthorizerContract<AuthorizerShape>

/**
 * What every handler gets of the platform for the length of one request, besides the resources that it uses.
 * @example
 * const refuse = ({ fail }: HandlerContext<typeof contract>, id: string) => fail('order_not_found', `There is no order ${id}.`)
 */
export interface HandlerContext<C> {
  /** Aborts when the deadline passes or the caller hangs up. */
  readonly signal: AbortSignal
  /** Writes JSON lines that carry the request's correlation. Values of secret names are left out. */
  readonly log: Log
  /** Who calls: `sub`, `scopes` and, where another one acts for the caller, `act`. */
  readonly caller: Identity
  /** What the request carries on: its correlation id and its W3C trace context. */
  readonly correlation: Correlation
  /**
   * Stores an event with the request's own rows: it exists exactly if they do. Where the data do not fit the event's schema,
   * or are more than 16 MiB of JSON, the request fails as a whole (500).
   */
  emit<T extends keyof EventData<C> & string>(type: T, data: EventData<C>[T], options?: EmitOptions): Promise<void>
  /**
   * Throws a failure that the contract declares; what the handler wrote is rolled back. Write `throw fail(…)` or
   * `return fail(…)`: it throws by itself, but TypeScript does not see from a destructured name that nothing follows. Where the
   * contract declares data of the failure, they are given as `{ data }`; data that do not fit are a 500.
   */
  fail<Code extends Failure<C>>(code: Code, message: string, ...options: FailureOptions<C, Code>): never
  /**
   * Says who owns what was asked for: throws 403 unless that is the caller, or the caller has the route's scopes. Two tenants
   * may have the same subject: a subject alone is one of the caller's tenant where the contract says `tenancy`, and of none
   * otherwise; `{ sub, tenant }` is one of any, whose things are not another tenant's, whatever the scopes.
   */
  own: C extends { readonly access: { readonly owner: true } } ? (owner: string | Owner) => void : never
  /**
   * Asks the policy whether the caller may do this with the object, `{ order }`, or with its type, `'order'`, where there is no
   * one thing: throws 403 unless it allows that. A handler whose reply it does not decide about is a 500.
   */
  may: C extends PolicyContract ? May : never
  /**
   * Has all gateways forget the responses that have one of these tags, exactly if the request's rows are committed: within 100 ms
   * as a rule, and also those that are being made meanwhile. For handlers that write, with a `{ sql: postgres }` in `uses`.
   */
  purge: C extends ReadOnlyContract ? never : (...tags: readonly string[]) => Promise<void>
  /**
   * Adds tags to the reply, by which it can be purged, beside those of the contract's `cache.tags`. Visible ASCII without
   * commas, 4,000 characters together.
   */
  tag: C extends { readonly cache: object } ? (...tags: readonly string[]) => void : never
  /**
   * Makes what the handler returns, where the contract has several replies, a redirect, or one with headers or cookies: of the
   * status, the body if that reply has one, and `{ headers, cookies, location }`.
   */
  reply: C extends { readonly reply: infer R extends WholeReplies } ? ReplyFunction<R> : never
  /** Says which version of the thing the reply shows, such as the number of its changes: it becomes the ETag. */
  etag: C extends ConditionalContract ? (version: Version) => void : never
  /**
   * Compares the version that is there, undefined where nothing is, with the one that the request is about: throws 412 where they
   * differ. Read it in the transaction that writes, `for update`. A write that does not ask is a 500.
   */
  requireMatch: C extends ConditionalContract ? (version: Version | undefined | null) => void : never
  /** The WebSocket of an endpoint with `upgrade`, which lives until the handler returns. */
  readonly connection: C extends { readonly upgrade: infer U } ? Connection<Received<U>, Sent<U>> : never
  /** The contract's own secrets by name: each shows itself as `[redacted]`, and `reveal()` returns its newest value. */
  readonly secrets: C extends { readonly secrets: readonly (infer S extends string)[] }
    ? Readonly<Record<S, Secret>>
    : Record<never, never>
}

/**
 * A WebSocket as a handler sees it.
 * @example
 * const echo = async ({ messages, send }: Connection<string, string>) => {
 *   for await (const message of messages) await send(message)
 * }
 */
export interface Connection<Receive, Send> {
  /** What the caller sends, decoded and validated, one after the other; over when the connection is. To be read once. */
  readonly messages: AsyncIterable<Receive>
  /** The subprotocol that the caller asked for and the contract has; undefined where there is none. */
  readonly subprotocol: string | undefined
  /** Sends a message; resolves when the next one can be sent. Does nothing where the caller is gone. */
  send(message: Send): Promise<void>
  /** Closes the connection: with 1000, or a code of your own, 4600 to 4999, and a reason of at most 123 bytes. */
  close(code?: number, reason?: string): void
}

type Received<U> = U extends { readonly receive: infer S extends z.ZodType } ? z.output<S> : string | Uint8Array
type Sent<U> = U extends { readonly send: infer S extends z.ZodType } ? z.input<S> : string | Uint8Array

type HandlerInput<C> = C extends ReceiverContract
  ? C extends BatchContract
    ? DeliveredBatch<C>
    : Delivered<C>
  : C extends EndpointContract
    ? Input<C>
    : C extends AuthorizerContract
      ? Presented<C>
      : never
// biome-ignore lint/suspicious/noConfusingVoidType: a subscriber or a schedule returns nothing at all
type Nothing = void
type HandlerOutput<C> = C extends EndpointContract
  ? Output<C>
  : C extends AuthorizerContract
    ? Judgement
    : C extends BatchContract
      ? BatchResult<C> | Nothing
      : Nothing

/** A contract whose handler gets several events at once. */
type BatchContract = { readonly batch: object }

/**
 * A handler: input in, the reply's body out; of an authorizer, its judgement.
 * @example
 * const handle: Handler<typeof contract, { sql: typeof postgres }> = async ({ params: { id } }, { sql }) =>
 *   (await sql.one<{ id: string; quantity: number }>`select * from orders where id = ${id}`) ?? { id, quantity: 0 }
 */
export type Handler<C, U extends Uses> = (
  input: HandlerInput<C>,
  context: HandlerContext<C> & BoundResources<U>,
) => Promise<HandlerOutput<C>>

/**
 * A contract with its handler and the resources that this uses, as `implement()` returns it.
 * @example
 * const fn: Implementation<typeof contract, { sql: typeof postgres }> = implement(contract, { sql: postgres }, async ({ params }) => ({
 *   id: params.id, quantity: 1,
 * }))
 */
export interface Implementation<C = Contract, U extends Uses = Uses> {
  /** The contract that the handler keeps, as `endpoint()`, `subscriber()`, `schedule()`, `receive()` or `authorizer()` returned it. */
  readonly contract: C
  /** The resources that the handler uses. */
  readonly uses: U
  /** Handles one request or event, as it was passed to `implement()`. */
  handle(input: HandlerInput<C>, context: HandlerContext<C> & BoundResources<U>): Promise<HandlerOutput<C>>
}

/** A contract that promises all or nothing. */
type AtomicContract =
  | { readonly kind: 'subscriber' | 'schedule' | 'receive' }
  | { readonly idempotent: true }
  | { readonly async: true }
  | { readonly emits: object }

/** A contract whose handler asks the policy. */
type PolicyContract = { readonly access: { readonly policy: true } }

/** A contract whose handler cannot write. */
type ReadOnlyContract =
  | { readonly kind: 'authorizer' }
  | { readonly kind: 'endpoint'; readonly method: 'GET' }
  | { readonly kind: 'endpoint'; readonly reads: true }

/** A contract whose requests say which version they are about. */
type ConditionalContract = { readonly conditional: true | 'optional' }

/** Whether one of the resources has a property. */
type Has<U extends Uses, Property extends string> = true extends {
  [K in keyof U]: U[K] extends { readonly [P in Property]: unknown } ? true : never
}[keyof U]
  ? true
  : false

/** What such a contract requires of its resources: one of them has transactions, or decides. */
type RequiredResources<C, U extends Uses> = (C extends AtomicContract
  ? Has<U, 'transaction'> extends true
    ? unknown
    : { readonly sql: TransactionalResource<unknown, never> }
  : unknown) &
  (C extends PolicyContract
    ? Has<U, 'decide'> extends true
      ? unknown
      : { readonly policy: PolicyResource<never> }
    : unknown)

/** The names that a resource in `uses` cannot have. */
const CONTEXT_NAMES = new Set([
  ...['signal', 'log', 'caller', 'correlation', 'emit', 'fail', 'own', 'may', 'purge', 'tag', 'connection', 'secrets'],
  ...['reply', 'etag', 'requireMatch'],
])

/**
 * Joins a contract with its handler and the resources that it uses. Throws a ContractError, one sentence, for a contract
 * that promises all-or-nothing (`idempotent`, `async`, `emits`, a subscriber, a schedule) or says `policy` without a resource that can keep it, for a
 * resource that has the name of a member of the handler's context or does not name its stores, and for one that acts after
 * the commit (`mail`) in an endpoint.
 * @example
 * export default implement(contract, { sql: postgres }, async ({ params }, { sql, fail }) => {
 *   const order = await sql.one<{ id: string; quantity: number }>`select * from orders where id = ${params.id}`
 *   if (!order) throw fail('order_not_found', `There is no order ${params.id}.`)
 *   return order
 * })
 * @see docs/concepts.md
 */
export function implement<C extends Contract, const U extends Uses>(
  contract: C,
  uses: U & NoInfer<RequiredResources<C, U>>,
  handle: Handler<C, NoInfer<U>>,
): Implementation<C, U> {
  const reservedName = Object.keys(uses).find((name) => CONTEXT_NAMES.has(name))
  if (reservedName)
    throw new ContractError(
      contract.name,
      `\`${reservedName}\` is part of every handler's context; give the resource another name`,
    )
  const afterCommitResource = Object.keys(uses).find((name) => uses[name]?.runEffect)
  if (afterCommitResource && !isReceiver(contract)) {
    throw new ContractError(
      contract.name,
      `\`${afterCommitResource}\` acts after the commit, with an event's retries: emit an event, and use it in a subscriber`,
    )
  }
  // The types require it, but nothing that runs a handler checks types.
  const resourceWithoutStores = Object.keys(uses).find((name) => !Array.isArray(uses[name]?.stores))
  if (resourceWithoutStores) {
    throw new ContractError(
      contract.name,
      `the resource \`${resourceWithoutStores}\` does not name the stores that it opens; add \`stores: []\` to it, or those of ` +
        `${STORES.join(', ')} whose secrets the function is to have`,
    )
  }
  const transactional = Object.values(uses).filter((resource) => resource.transaction)
  const promises =
    isReceiver(contract) ||
    (contract.kind === 'endpoint' && (contract.idempotent || contract.async || contract.emits !== undefined))
  if (promises && transactional.length === 0) {
    throw new ContractError(
      contract.name,
      'it promises all or nothing; give implement() a `{ sql: postgres }` to keep that with',
    )
  }
  if (new Set(transactional.map(({ transaction }) => transaction)).size > 1) {
    throw new ContractError(
      contract.name,
      'two of the resources in `uses` have transactions; one request can have only one',
    )
  }
  const deciding = Object.values(uses).filter((resource) => resource.decide)
  if (contract.kind === 'endpoint' && contract.access.policy && deciding.length === 0) {
    throw new ContractError(contract.name, 'it says `policy`; give implement() a `{ policy }` of ebb/data to ask')
  }
  if (deciding.length > 1) {
    throw new ContractError(contract.name, 'two of the resources in `uses` are policies; one request can have only one')
  }
  checkCallees(contract, uses)
  return { contract, uses, handle }
}
