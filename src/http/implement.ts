import {
  ContractError,
  type Delivered,
  type EndpointContract,
  type EndpointShape,
  type EventData,
  type Failure,
  type Input,
  type Output,
  type SubscriberContract,
  type SubscriberShape,
} from '../contract/index.ts'
import { type Correlation, type Log, type Resource, STORES, type TransactionalResource } from '../kernel/index.ts'
import type { Identity } from '../protocol/index.ts'

export type Uses = Readonly<Record<string, Resource<unknown>>>
export type BoundResources<U extends Uses> = { readonly [K in keyof U]: U[K] extends Resource<infer T> ? T : never }
export type Contract = EndpointContract<EndpointShape> | SubscriberContract<SubscriberShape>

/** What a handler can call, besides its resources, for the duration of one request. */
export interface HandlerContext<C> {
  /** Aborts when the deadline passes or the caller hangs up. */
  readonly signal: AbortSignal
  readonly log: Log
  readonly caller: Identity
  readonly correlation: Correlation
  /** Stores an event with the request's own rows: it exists exactly if they do. */
  emit<T extends keyof EventData<C> & string>(
    type: T,
    data: EventData<C>[T],
    options?: { readonly subject?: string },
  ): Promise<void>
  /**
   * Throws a failure that the contract declares; what the handler wrote is rolled back. Write `throw fail(…)` or
   * `return fail(…)`: it throws by itself, but TypeScript does not see from a destructured name that nothing follows.
   */
  fail(code: Failure<C>, message: string): never
  /** Says who owns what was asked for: throws 403 unless that is the caller, or the caller has the route's scopes. */
  own: C extends { readonly access: { readonly owner: true } } ? (subject: string) => void : never
  /** The contract's own secrets by name. */
  readonly secrets: C extends { readonly secrets: readonly (infer S extends string)[] }
    ? Readonly<Record<S, string>>
    : Record<never, never>
}

type HandlerInput<C> = C extends SubscriberContract ? Delivered<C> : C extends EndpointContract ? Input<C> : never
// biome-ignore lint/suspicious/noConfusingVoidType: a subscriber returns nothing at all
type HandlerOutput<C> = C extends EndpointContract ? Output<C> : void

export type Handler<C, U extends Uses> = (
  input: HandlerInput<C>,
  context: HandlerContext<C> & BoundResources<U>,
) => Promise<HandlerOutput<C>>

/** A contract with its resources and its handler. */
export interface Implementation<C = Contract, U extends Uses = Uses> {
  readonly contract: C
  readonly uses: U
  handle(input: HandlerInput<C>, context: HandlerContext<C> & BoundResources<U>): Promise<HandlerOutput<C>>
}

/** A contract that promises all or nothing. */
type AtomicContract =
  | { readonly kind: 'subscriber' }
  | { readonly idempotent: true }
  | { readonly async: true }
  | { readonly emits: object }

/** What such a contract requires of its resources: one of them has transactions. */
type RequiredResources<C, U extends Uses> = C extends AtomicContract
  ? true extends { [K in keyof U]: U[K] extends { readonly transaction: unknown } ? true : never }[keyof U]
    ? unknown
    : { readonly sql: TransactionalResource<unknown, never> }
  : unknown

/** The names that a resource in `uses` cannot have. */
const CONTEXT_NAMES = new Set(['signal', 'log', 'caller', 'correlation', 'emit', 'fail', 'own', 'secrets'])

/**
 * Joins a contract with its handler and the resources that it uses. Refuses, in one sentence, a contract that promises
 * all-or-nothing (`idempotent`, `async`, `emits`, a subscriber) without a resource that can keep it, a resource that has a
 * tool's name or does not name its stores, and one that acts after the commit (`mail`) in an endpoint.
 * @example
 * export default implement(contract, { sql: postgres }, async ({ params }, { sql, fail }) => {
 *   const order = await sql.one<{ id: string; quantity: number }>`select * from orders where id = ${params.id}`
 *   if (!order) throw fail('order_not_found', `There is no order ${params.id}.`)
 *   return order
 * })
 */
export function implement<C extends Contract, const U extends Uses>(
  contract: C,
  uses: U & NoInfer<RequiredResources<C, U>>,
  handle: Handler<C, NoInfer<U>>,
): Implementation<C, U> {
  const taken = Object.keys(uses).find((name) => CONTEXT_NAMES.has(name))
  if (taken)
    throw new ContractError(
      contract.name,
      `\`${taken}\` is part of every handler's context; give the resource another name`,
    )
  const late = Object.keys(uses).find((name) => uses[name]?.carryOut)
  if (late && contract.kind !== 'subscriber') {
    throw new ContractError(
      contract.name,
      `\`${late}\` acts after the commit, with an event's retries: emit an event, and use it in a subscriber`,
    )
  }
  // The types require it, but nothing that runs a handler checks types.
  const unnamed = Object.keys(uses).find((name) => !Array.isArray(uses[name]?.stores))
  if (unnamed) {
    throw new ContractError(
      contract.name,
      `the resource \`${unnamed}\` does not name the stores that it opens; add \`stores: []\` to it, or those of ` +
        `${STORES.join(', ')} whose secrets the function is to have`,
    )
  }
  const transactional = Object.values(uses).filter((resource) => resource.transaction)
  const promises =
    contract.kind === 'subscriber' || contract.idempotent || contract.async || contract.emits !== undefined
  if (promises && transactional.length === 0) {
    throw new ContractError(
      contract.name,
      'it promises all or nothing; give implement() a `{ sql: postgres }` to keep that with',
    )
  }
  if (transactional.length > 1) {
    throw new ContractError(
      contract.name,
      'two of the resources in `uses` have transactions; one request can have only one',
    )
  }
  return { contract, uses, handle }
}
