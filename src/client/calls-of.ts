import type * as z from 'zod'
import type { EndpointShape, EVENT_STREAM, FormBody, StreamBody, WholeReplies } from '../contract/index.ts'
import type { StreamedEvent, StreamSource } from './call.ts'

/**
 * The part of a contract that the client needs.
 * @example const callable: Callable = { name: 'get-order', method: 'GET', path: '/v1/orders/{id}', reply: { status: 200 } }
 */
export interface Callable
  extends Pick<EndpointShape, 'name' | 'method' | 'path' | 'idempotent' | 'async' | 'reads' | 'failures'> {
  /** Of which it knows the status of a success, or of several, and their headers. */
  readonly reply?: CallableReply | readonly CallableReply[]
  /** Of which it knows as what it is sent. */
  readonly body?: object
}

/**
 * The part of a reply that the client needs. Its schema is an object to the compiler, which would compare all of zod for each
 * endpoint.
 * @example const reply: CallableReply = { status: 200, headers: z.object({ 'x-total': z.number() }) }
 */
export interface CallableReply {
  /** Of the response. */
  readonly status: number
  /** The schema of its headers. */
  readonly headers?: object
  /** Whether it is streamed. */
  readonly stream?: { readonly type: string }
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
  CookiesInput<C> &
  BodyInput<C> &
  (C extends { readonly idempotent: true } ? { readonly idempotent: true } : unknown) &
  (C extends { readonly async: true } ? { readonly async: true } : unknown) &
  ConditionsOf<C> &
  SuccessesOf<C> & {
    // So that the compiler knows it of any contract; SuccessesOf is narrower.
    readonly status: number
    readonly data: unknown
    readonly failures: C extends { readonly failures: infer F }
      ? { readonly [Code in keyof F]: FailureSeen<F[Code]> }
      : Record<never, never>
  }

/** Its status, or its status with the data that belong to it. */
type FailureSeen<F> = F extends { readonly status: infer Status extends number }
  ? F extends { readonly data: infer Schema }
    ? { readonly status: Status; readonly data: z.output<Schema> }
    : Status
  : F extends number
    ? F
    : number

type PartInput<C, Part extends string> = C extends { readonly [P in Part]: infer Schema }
  ? { readonly [P in Part]: z.input<Schema> }
  : unknown

type BodyInput<C> = C extends { readonly body: StreamBody }
  ? { readonly body: StreamSource; readonly bodyStream: true }
  : C extends { readonly body: infer F extends FormBody }
    ? { readonly body: FormInput<F> }
    : PartInput<C, 'body'>

/** The texts of a form, and its files. */
type FormInput<F> = (F extends { readonly fields: infer S }
  ? { readonly fields: z.input<S> }
  : { readonly fields?: undefined }) &
  (F extends { readonly files: infer Files } ? { readonly files: FileInput<Files> } : { readonly files?: undefined })
type FileInput<Files> = {
  readonly [Name in keyof Files as Files[Name] extends { readonly optional: true } ? never : Name]: Blob
} & {
  readonly [Name in keyof Files as Files[Name] extends { readonly optional: true } ? Name : never]?: Blob | undefined
}

/** None must be sent: a browser sends its own. */
type CookiesInput<C> = C extends { readonly cookies: infer Schema }
  ? { readonly cookies: Partial<z.input<Schema>> }
  : unknown

type ConditionsOf<C> = C extends { readonly conditional: infer Conditional; readonly method: infer Method }
  ? Method extends 'GET'
    ? unknown
    : { readonly conditional: Conditional }
  : unknown

/** One status with its body; or, where a reply has more than that, or is one of several, a list of all. */
type SuccessesOf<C> = C extends { readonly conditional: true | 'optional' }
  ? Listed<ReplyOf<C>, { readonly etag: string }>
  : ReplyOf<C> extends WholeReplies
    ? Listed<ReplyOf<C>, unknown>
    : {
        readonly status: C extends { readonly reply: { readonly status: infer Status extends number } }
          ? Status
          : number
        readonly data: DataOf<ReplyOf<C>>
      }

type ReplyOf<C> = C extends { readonly reply: infer R } ? R : unknown

interface Listed<R, More> {
  readonly replies: R extends readonly (infer One)[] ? ReplySeen<One, More> : ReplySeen<R, More>
}

type ReplySeen<R, More> = R extends { readonly status: infer Status }
  ? { readonly status: Status; readonly data: DataOf<R>; readonly more: HeadersSeen<R> & LocationSeen<R> & More }
  : never

type DataOf<R> = R extends { readonly body: infer Schema }
  ? z.output<Schema>
  : R extends { readonly stream: infer Stream }
    ? StreamedData<Stream>
    : undefined

type StreamedData<S> = S extends { readonly item: infer I }
  ? AsyncIterable<S extends { readonly type: typeof EVENT_STREAM } ? StreamedEvent<z.output<I>> : z.output<I>>
  : ReadableStream<Uint8Array>

type HeadersSeen<R> = R extends { readonly headers: infer Schema }
  ? { readonly replyHeaders: z.output<Schema> }
  : unknown

type LocationSeen<R> = R extends { readonly location: string } | { readonly locations: readonly string[] }
  ? { readonly location: string }
  : unknown
