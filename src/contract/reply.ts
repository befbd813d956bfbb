import type * as z from 'zod'
import type { ReplyStream } from './streams/reply-stream.ts'

/**
 * What a success looks like: a status and its body as JSON or as a stream, which only a 204 and a redirect go without. Where it has more than
 * a body (headers, cookies, an address to go to), or is one of several, the handler returns what `reply(status, body, more)` makes.
 * @example const reply: Reply = { status: 201, body: z.object({ id: z.uuid() }), location: '/v1/orders/{id}' }
 * @see docs/guide/29-replies.md
 */
export interface Reply {
  /** From 200 to 299, or of a redirect 301, 302, 303, 307 or 308; 101 is that of an endpoint with `upgrade`. */
  readonly status: number
  /** The schema of the body; a 204 and a redirect have none. */
  readonly body?: z.ZodType
  /**
   * The template of the `Location` header (RFC 9110, 10.2.2): of a success it is filled from the body, of a redirect from the
   * `location` that the handler returns.
   */
  readonly location?: `/${string}`
  /**
   * Where a redirect may lead: addresses, of which `*` at the end stands for any rest, such as `https://pay.example.com/*`. The
   * handler returns one of them as `location`; any other is a 500 with no effect.
   */
  readonly locations?: readonly string[]
  /** The headers of the reply, with names in lower case: texts, numbers, booleans, and lists of them. */
  readonly headers?: z.ZodObject
  /** In place of a body: what is sent as it is made. The handler only reads, and returns what it sends as an async iterable. */
  readonly stream?: ReplyStream
  /** The cookies that the handler may set, by name. `null` deletes one; one that it leaves out stays as it is. */
  readonly cookies?: Readonly<Record<string, ReplyCookie>>
}

/**
 * A cookie that a reply may set. No script reads it and only HTTPS carries it, unless the contract says otherwise. The gateway
 * takes no cookie as a proof of who calls.
 * @example const session: ReplyCookie = { value: z.string(), maxAgeSeconds: 86_400 }
 * @see https://www.rfc-editor.org/rfc/rfc6265
 */
export interface ReplyCookie {
  /** The schema of its value: a text, a number or a boolean. */
  readonly value: z.ZodType
  /** How long it is kept, in seconds (default: until the browser is closed). */
  readonly maxAgeSeconds?: number
  /** The paths that get it (default: all, `/`). */
  readonly path?: `/${string}`
  /** The domain whose subdomains get it, too (default: none but the host itself). */
  readonly domain?: string
  /** Whether requests that other sites begin carry it (default: `lax`, where these are links that are followed). */
  readonly sameSite?: 'strict' | 'lax' | 'none'
  /** false lets scripts read it. */
  readonly httpOnly?: false
  /** false lets HTTP carry it. */
  readonly secure?: false
}

/**
 * The successes of an endpoint: one, or several with a status each, of which the first is the usual one.
 * @example const replies: Replies = [{ status: 200, body: z.object({ id: z.uuid() }) }, { status: 204 }]
 */
export type Replies = Reply | readonly Reply[]

/** All replies of a contract, the usual one first. */
export const repliesOf = ({ reply }: { readonly reply: Replies }): readonly Reply[] =>
  // Array.isArray does not tell a readonly array from an object.
  Array.isArray(reply) ? (reply as readonly Reply[]) : [reply as Reply]

/** The usual reply of a contract. */
export function usualReply(contract: { readonly reply: Replies }): Reply {
  const [first] = repliesOf(contract)
  if (!first) throw new Error('a contract has a reply')
  return first
}

/** The reply of that status; undefined where the contract has none. */
export const replyOf = (contract: { readonly reply: Replies }, status: number): Reply | undefined =>
  repliesOf(contract).find((reply) => reply.status === status)

/** Whether a reply tells the caller to go somewhere else. */
export const isRedirect = ({ status }: Pick<Reply, 'status'>): boolean => status >= 300

/** Whether the handler returns what `reply()` makes; it returns the body alone where there is nothing else to say. */
export const isWhole = ({ reply }: { readonly reply: Replies }): boolean =>
  Array.isArray(reply) ||
  repliesOf({ reply }).some((one) => one.headers !== undefined || one.cookies !== undefined || isRedirect(one))

/** The statuses of redirects. */
export type RedirectStatus = 301 | 302 | 303 | 307 | 308

/** A `reply` whose handler returns what `reply()` makes: what `isWhole` tells at run time. */
export type WholeReplies =
  | readonly Reply[]
  | { readonly headers: object }
  | { readonly cookies: object }
  | { readonly status: RedirectStatus }

/** What the handler returns where its replies are whole: one of them, told apart by its status. */
export type Whole<R> = R extends readonly (infer One)[] ? WholeOf<One> : WholeOf<R>

type WholeOf<R> = R extends { readonly status: infer Status }
  ? { readonly status: Status } & BodyOf<R> & MoreOf<R>
  : never

/**
 * What `reply` of a handler is: it takes the status, the body where the reply has one, and what else it has.
 * @example const none = (reply: ReplyFunction<readonly [{ status: 200; body: z.ZodString }, { status: 204 }]>) => reply(204)
 */
export type ReplyFunction<R> = <const Status extends StatusOf<R>>(
  status: Status,
  ...rest: RestOf<Extract<OneOf<R>, { readonly status: Status }>>
) => Whole<R>

type OneOf<R> = R extends readonly (infer One)[] ? One : R
type StatusOf<R> = OneOf<R> extends { readonly status: infer Status extends number } ? Status : never
type RestOf<R> = R extends { readonly body: infer S }
  ? [body: z.input<S>, ...more: MoreArgument<MoreOf<R>>]
  : MoreArgument<MoreOf<R>>
type MoreArgument<More> = unknown extends More ? [] : Record<never, never> extends More ? [more?: More] : [more: More]

type MoreOf<R> = HeadersOf<R> & CookiesOf<R> & LocationOf<R>
type BodyOf<R> = R extends { readonly body: infer S } ? { readonly body: z.input<S> } : unknown
type HeadersOf<R> = R extends { readonly headers: infer S }
  ? Record<never, never> extends z.input<S>
    ? { readonly headers?: z.input<S> }
    : { readonly headers: z.input<S> }
  : unknown
type CookiesOf<R> = R extends { readonly cookies: infer Cookies }
  ? { readonly cookies?: { readonly [Name in keyof Cookies]?: CookieValue<Cookies[Name]> | null } }
  : unknown
type CookieValue<Cookie> = Cookie extends { readonly value: infer S } ? z.input<S> : never
type LocationOf<R> = R extends { readonly locations: readonly string[] }
  ? { readonly location: string }
  : R extends { readonly status: RedirectStatus; readonly location: infer Template }
    ? [NameIn<Template>] extends [never]
      ? unknown
      : { readonly location: { readonly [Name in NameIn<Template>]: string | number | boolean } }
    : unknown

/** The parameters of a path's template. */
type NameIn<Template> = Template extends `${string}{${infer Name}}${infer Rest}` ? Name | NameIn<Rest> : never
