import type * as z from 'zod'
import { checkEndpoint } from './check-endpoint.ts'
import type { EventDataSchema } from './event.ts'
import type { Emits, EndpointContract, EndpointShape } from './shapes.ts'

/**
 * Declares an endpoint. Throws a ContractError in one sentence where the contract contradicts itself.
 * @example
 * export default endpoint({
 *   name: 'get-order',
 *   summary: 'Look up an order.',
 *   method: 'GET',
 *   path: '/v1/orders/{id}',
 *   params: z.object({ id: z.uuid() }),
 *   reply: { status: 200, body: z.object({ id: z.uuid(), quantity: z.int() }) },
 *   failures: { order_not_found: 404 },
 *   access: { scopes: ['orders:read'] },
 * })
 */
export function endpoint<const C extends EndpointShape>(contract: Exact<C, EndpointShape>): EndpointContract<C> {
  checkEndpoint(contract)
  return Object.freeze({ ...(contract as C), kind: 'endpoint' as const })
}

/** Refuses the parts that a shape does not have, so that a misspelt one is an error of the compiler. */
export type Exact<C, Shape> = C & Readonly<Record<Exclude<keyof C, keyof Shape>, never>>

/** What a handler receives, validated. */
export interface Input<C extends EndpointShape> {
  readonly params: Parsed<C['params']>
  readonly query: Parsed<C['query']>
  readonly headers: Parsed<C['headers']>
  readonly body: Parsed<C['body']>
}

type Parsed<S> = S extends z.ZodType ? z.output<S> : undefined

/** What a handler returns. */
export type Output<C extends EndpointShape> = C['reply'] extends { readonly body: infer S extends z.ZodType }
  ? z.input<S>
  : // biome-ignore lint/suspicious/noConfusingVoidType: a handler of a 204 returns nothing at all
    void

/** The codes with which a handler may fail. */
export type Failure<C> = C extends { readonly failures: infer F } ? keyof F & string : never

/** What `emit` takes for each event type that the contract names. */
export type EventData<C> = C extends { readonly emits: infer E extends Emits }
  ? { readonly [T in keyof E]: z.input<EventDataSchema<E[T]>> }
  : Record<never, never>
