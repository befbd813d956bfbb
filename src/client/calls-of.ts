import type * as z from 'zod'
import type { EndpointShape } from '../contract/index.ts'

/**
 * The part of a contract that the client needs at run time: an endpoint() has it, and so has a packed client's data.
 * @example const callable: Callable = { name: 'get-order', method: 'GET', path: '/v1/orders/{id}', reply: { status: 200 } }
 */
export interface Callable
  extends Pick<EndpointShape, 'name' | 'method' | 'path' | 'idempotent' | 'reads' | 'failures'> {
  /** Of which it knows the status of a success. */
  readonly reply?: { readonly status: number }
}

/**
 * What callers of these contracts send and get: inputs before they are decoded, replies as they are read.
 * @example type Calls = CallsOf<{ getOrder: typeof contract }>
 */
export type CallsOf<Contracts extends Readonly<Record<string, Callable>>> = {
  readonly [Name in keyof Contracts]: CallOf<Contracts[Name]>
}

type CallOf<C extends Callable> = PartInput<C, 'params'> &
  PartInput<C, 'query'> &
  PartInput<C, 'headers'> &
  PartInput<C, 'body'> &
  (C extends { readonly idempotent: true } ? { readonly idempotent: true } : unknown) & {
    readonly status: C extends { readonly reply: { readonly status: infer Status extends number } } ? Status : number
    readonly data: ReplyData<C>
    readonly failures: C extends { readonly failures: infer F extends Readonly<Record<string, number>> }
      ? F
      : Record<never, never>
  }

type PartInput<C, Part extends string> = C extends { readonly [P in Part]: infer Schema extends z.ZodType }
  ? { readonly [P in Part]: z.input<Schema> }
  : unknown

type ReplyData<C> = C extends { readonly reply: { readonly body: infer Schema extends z.ZodType } }
  ? z.output<Schema>
  : undefined
