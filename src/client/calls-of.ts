import type * as z from 'zod'
import type { EndpointShape, EVENT_STREAM, FormBody, StreamBody } from '../contract/index.ts'
import type { StreamedEvent, StreamSource } from './call.ts'

/**
 * The part of a contract that the client needs at run time: an endpoint() has it, and so has a packed client's data.
 * @example const callable: Callable = { name: 'get-order', method: 'GET', path: '/v1/orders/{id}', reply: { status: 200 } }
 */
export interface Callable
  extends Pick<EndpointShape, 'name' | 'method' | 'path' | 'idempotent' | 'reads' | 'failures'> {
  /** Of which it knows the status of a success, and whether it is streamed. */
  readonly reply?: { readonly status: number; readonly stream?: { readonly type: string } }
  /** A body that is no JSON says what it is. */
  readonly body?: unknown
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
  BodyInput<C> &
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

type BodyInput<C> = C extends { readonly body: StreamBody }
  ? { readonly body: StreamSource; readonly bodyStream: true }
  : C extends { readonly body: infer F extends FormBody }
    ? { readonly body: FormInput<F> }
    : PartInput<C, 'body'>

/** The texts of a form, and its files. */
type FormInput<F> = (F extends { readonly fields: infer S extends z.ZodType }
  ? { readonly fields: z.input<S> }
  : { readonly fields?: undefined }) &
  (F extends { readonly files: infer Files } ? { readonly files: FileInput<Files> } : { readonly files?: undefined })
type FileInput<Files> = {
  readonly [Name in keyof Files as Files[Name] extends { readonly optional: true } ? never : Name]: Blob
} & {
  readonly [Name in keyof Files as Files[Name] extends { readonly optional: true } ? Name : never]?: Blob | undefined
}

type ReplyData<C> = C extends { readonly reply: { readonly body: infer Schema extends z.ZodType } }
  ? z.output<Schema>
  : C extends { readonly reply: { readonly stream: infer Stream } }
    ? StreamedData<Stream>
    : undefined

type StreamedData<S> = S extends { readonly item: infer I extends z.ZodType }
  ? AsyncIterable<S extends { readonly type: typeof EVENT_STREAM } ? StreamedEvent<z.output<I>> : z.output<I>>
  : ReadableStream<Uint8Array>
