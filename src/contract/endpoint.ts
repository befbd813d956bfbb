import type * as z from 'zod'
import { checkEndpoint } from './check-endpoint.ts'
import type { Deployment } from './deployment.ts'
import type { Emits, EventDataSchema } from './event.ts'
import type { Stream } from './stream.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** Who may call. `{}` is any authenticated caller. */
export interface Access {
  /** The caller needs every one of these. */
  readonly scopes?: readonly string[]
  /** The owner may call too, without the scopes: the handler says with `own(subject)` who that is. */
  readonly owner?: true
  readonly anonymous?: true
}

export type Reply =
  | { readonly status: number; readonly body?: z.ZodType; readonly location?: `/${string}` }
  | { readonly status: number; readonly stream: { readonly type: string; readonly item?: z.ZodType } }

export interface Example {
  readonly params?: Readonly<Record<string, unknown>>
  readonly query?: Readonly<Record<string, unknown>>
  readonly body?: unknown
  readonly reply?: unknown
}

/** Everything that the world may know about one endpoint. Plain data: no I/O, no framework. */
export interface EndpointShape extends Deployment {
  /** The name of its folder, image and service: a DNS label. */
  readonly name: string
  readonly summary: string
  readonly description?: string
  readonly method: Method
  /** Segments and `{parameters}`, case-sensitive, without a trailing slash. */
  readonly path: `/${string}`
  readonly params?: z.ZodObject
  readonly query?: z.ZodObject
  /** Names in lower case. */
  readonly headers?: z.ZodObject
  readonly body?: z.ZodType | Stream
  readonly reply: Reply
  /** Each way in which the handler may refuse, with its status. */
  readonly failures?: Readonly<Record<string, number>>
  readonly access: Access
  /**
   * What each caller (where anonymous: each client address) may send: `requests` in `perSeconds` on average, `burst` at
   * once (`requests` unless told). Beyond it the gateway answers 429.
   */
  readonly limit?: { readonly requests: number; readonly perSeconds: number; readonly burst?: number }
  readonly cache?: { readonly maxAgeSeconds: number; readonly shared?: boolean; readonly tags?: readonly string[] }
  /** Callers must send an Idempotency-Key; a repeated one gets the first answer. */
  readonly idempotent?: true
  /**
   * Callers may send `Prefer: respond-async` (RFC 7240): they get a 202 and an address that tells what came of it, and
   * the function is called later, again where it fails, and takes effect once.
   */
  readonly async?: true
  /** A POST that only reads. */
  readonly reads?: true
  readonly emits?: Emits
  readonly examples?: Readonly<Record<string, Example>>
}

export type EndpointContract<C extends EndpointShape = EndpointShape> = C & { readonly kind: 'endpoint' }

type Parsed<S> = S extends z.ZodType ? z.output<S> : undefined

/** What a handler receives, validated. */
export interface Input<C extends EndpointShape> {
  readonly params: Parsed<C['params']>
  readonly query: Parsed<C['query']>
  readonly headers: Parsed<C['headers']>
  readonly body: Parsed<C['body']>
}

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

/** Refuses the parts that a shape does not have, so that a misspelt one is no silence. */
export type Exact<C, Shape> = C & Readonly<Record<Exclude<keyof C, keyof Shape>, never>>

/**
 * Declares an endpoint. Throws a ContractFault in one sentence where the contract contradicts itself.
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
