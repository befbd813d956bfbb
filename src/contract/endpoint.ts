import type * as z from 'zod'
import { checkEndpoint } from './check-endpoint.ts'
import type { EndpointContract, EndpointShape } from './endpoint-shape.ts'
import type { EventDataSchema } from './event.ts'
import type { Emits } from './event-shape.ts'
import type { Whole, WholeReplies } from './reply.ts'
import type { FormBody, FormFile } from './streams/form.ts'
import type { EVENT_STREAM, ReplyStream, ServerSentEvent } from './streams/reply-stream.ts'
import type { StreamBody, StreamedBody, StreamedItems } from './streams/stream.ts'

/**
 * Declares an endpoint: the one source of its route, validation, documentation, client and deployment. Throws a
 * {@link ContractError}, one sentence that says what to write instead, where the contract contradicts itself or has
 * an unknown property.
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
 * @see docs/contracts.md
 */
export function endpoint<const C extends EndpointShape>(contract: Exact<C, EndpointShape>): EndpointContract<C> {
  checkEndpoint(contract)
  return Object.freeze({ ...(contract as C), kind: 'endpoint' as const })
}

/** Refuses the parts that a shape does not have, so that a misspelt one is an error of the compiler. */
export type Exact<C, Shape> = C & Readonly<Record<Exclude<keyof C, keyof Shape>, never>>

/**
 * What a handler receives of a request: decoded and validated. A part that the contract does not have is undefined.
 * @example const order = (input: Input<typeof contract>) => input.params.id
 */
export interface Input<C extends EndpointShape> {
  /** The path's parameters. */
  readonly params: Parsed<C['params']>
  /** The query, with its defaults. */
  readonly query: Parsed<C['query']>
  /** The headers that the contract names, in lower case. */
  readonly headers: Parsed<C['headers']>
  /** The cookies that the contract names. */
  readonly cookies: Parsed<C['cookies']>
  /** The JSON of the request, decoded and validated by the schema `body`; or its stream, or its form. */
  readonly body: ParsedBody<C['body']>
  /** With a reply of events: the id of the last one that a client has seen which comes back; undefined where it is new. */
  readonly lastEventId: C['reply'] extends { readonly stream: { readonly type: typeof EVENT_STREAM } }
    ? string | undefined
    : undefined
}

type Parsed<S> = S extends { readonly _zod: { readonly output: infer Decoded } } ? Decoded : undefined

type ParsedBody<B> = B extends StreamBody ? ParsedStream<B> : B extends FormBody ? ParsedForm<B> : Parsed<B>

type ParsedStream<B> = B extends { readonly item: infer S extends z.ZodType }
  ? StreamedItems<z.output<S>>
  : StreamedBody

/** The texts of a form, and its files by their names. */
type ParsedForm<F> = {
  readonly fields: F extends { readonly fields: infer S } ? Parsed<S> : undefined
  readonly files: F extends { readonly files: infer Files } ? ParsedFiles<Files> : Record<never, never>
}
type ParsedFiles<Files> = {
  readonly [Name in keyof Files]: Files[Name] extends { readonly optional: true } ? FormFile | undefined : FormFile
}

/**
 * What a handler returns: the reply's body before it is encoded, what it streams, or nothing where the reply has none. Where the
 * contract has several replies, a redirect, or one with headers or cookies, what `reply(status, body, more)` makes of them.
 * @example const order = (id: string): Output<typeof contract> => ({ id, quantity: 1 })
 */
export type Output<C extends EndpointShape> = C['reply'] extends WholeReplies
  ? Whole<C['reply']>
  : C['reply'] extends { readonly body: infer S }
    ? z.input<S>
    : C['reply'] extends { readonly stream: infer S extends ReplyStream }
      ? Streamed<S>
      : // biome-ignore lint/suspicious/noConfusingVoidType: a handler of a 204 returns nothing at all
        void

/** Events may also be undefined: a 204, by which a client knows not to come back. */
type Streamed<S extends ReplyStream> = S extends { readonly item: infer I }
  ? S['type'] extends typeof EVENT_STREAM
    ? AsyncIterable<ServerSentEvent<z.input<I>>> | undefined
    : AsyncIterable<z.input<I>>
  : AsyncIterable<Uint8Array | string>

/**
 * The codes with which a handler may `fail`: the names of the contract's `failures`.
 * @example const messages: Record<Failure<typeof contract>, string> = { order_not_found: 'There is no such order.' }
 */
export type Failure<C> = C extends { readonly failures: infer F } ? keyof F & string : never

/**
 * What `fail` takes after code and message: `{ data }` where the contract declares data of that failure, and else nothing.
 * @example const more: FailureOptions<{ failures: { gone: 410 } }, 'gone'> = []
 */
export type FailureOptions<C, Code> = C extends { readonly failures: infer F }
  ? [FailureData<F[Code & keyof F]>] extends [never]
    ? readonly []
    : readonly [options: { readonly data: FailureData<F[Code & keyof F]> }]
  : readonly []
type FailureData<F> = F extends { readonly data: infer S } ? z.input<S> : never

/**
 * What `emit` takes, by event type: the data before it is encoded.
 * @example const data: EventData<{ emits: { 'order.placed': typeof orderPlaced } }>['order.placed'] = { id: '7' }
 */
export type EventData<C> = C extends { readonly emits: infer E extends Emits }
  ? { readonly [T in keyof E]: z.input<EventDataSchema<E[T]>> }
  : Record<never, never>
