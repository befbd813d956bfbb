/**
 * The arguments and the result of a call. Plain types that import nothing: `npm run build:client` puts this file into the
 * packed client as it is.
 */

/**
 * One endpoint as its callers see it. A part that is absent cannot be sent.
 * @example
 * interface GetOrder extends Call {
 *   params: { id: string }
 *   status: 200
 *   data: { id: string }
 *   failures: { order_not_found: 404 }
 * }
 */
export interface Call {
  /** The path's parameters. */
  readonly params?: object
  /** The query. */
  readonly query?: object
  /** The headers that the contract names. */
  readonly headers?: object
  /** The cookies that the contract names. */
  readonly cookies?: object
  /** The body. */
  readonly body?: unknown
  /** Whether the body is streamed. */
  readonly bodyStream?: true
  /** Whether it takes an Idempotency-Key. */
  readonly idempotent?: true
  /** Whether it can be called without waiting for it. */
  readonly async?: true
  /** Whether a write says which version it is about. */
  readonly conditional?: true | 'optional'
  /** Of a success. */
  readonly status: number
  /** The body of a success. */
  readonly data: unknown
  /**
   * All successes, where there are several, or where one has more than a body: a union of `{ status, data, more }`, with
   * `replyHeaders`, `location` and `etag` as `more`.
   */
  readonly replies?: unknown
  /** The codes with which the endpoint may refuse, each with its status, or with its status and what else it tells. */
  readonly failures: Readonly<Record<string, number | { readonly status: number; readonly data: unknown }>>
}

/**
 * Where the endpoints are, and how calls are repeated.
 * @example const options: ClientOptions = { baseUrl: 'https://api.example.com', retries: 1, timeoutMs: 10_000 }
 */
export interface ClientOptions {
  /** Where the gateway is, such as `https://api.example.com`. */
  readonly baseUrl: string
  /** The API key; anonymous endpoints need none. */
  readonly key?: string | undefined
  /**
   * Gives the access token in place of `key`, or undefined to call without one. It is asked before each request. Where the server
   * refuses a token (401), it is asked again, with that one, for another one, and the request is sent once more.
   */
  readonly token?: (refused?: string) => string | undefined | Promise<string | undefined>
  /** What stands around each request, the retries too; the first is the outermost. */
  readonly middleware?: readonly Middleware[]
  /** Replaces the platform's own `fetch`. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>
  /** Tries after the first one, for reads and idempotent endpoints only (default: 3). */
  readonly retries?: number
  /**
   * The most that a call may take, all tries and waits together (default: 60 s, and 10 min where it sends a stream or a
   * form). Of a streamed reply only the wait for its beginning counts.
   */
  readonly timeoutMs?: number
  /**
   * The longest wait before the first retry (default: 200 ms); the limit doubles for each further one. Each wait is drawn
   * at random from 0 to its limit (full jitter), and comes on top of the server's Retry-After.
   */
  readonly minDelayMs?: number
  /** Where that limit stops doubling, in milliseconds (default: 5 s). */
  readonly maxDelayMs?: number
}

/**
 * Stands around each request of a client: it may change the request before it calls `next`, and the response after, or answer
 * itself. What it throws counts as `network`.
 * @example
 * const timed: Middleware = async (request, next) => {
 *   const startedAt = performance.now()
 *   const response = await next(request)
 *   console.log(`${request.endpoint}: ${response.status} in ${Math.round(performance.now() - startedAt)} ms`)
 *   return response
 * }
 */
export type Middleware = (request: ClientRequest, next: SendRequest) => Promise<Response>

/**
 * Sends a request, through the middleware that is further in.
 * @example const send: SendRequest = ({ url, init }) => fetch(url, init)
 */
export type SendRequest = (request: ClientRequest) => Promise<Response>

/**
 * A request as a client sends it.
 * @example
 * const tagged = ({ init, ...request }: ClientRequest): ClientRequest => ({
 *   ...request,
 *   init: { ...init, headers: { ...init.headers, 'x-client': 'shop' } },
 * })
 */
export interface ClientRequest {
  /** The endpoint's name, such as `get-order`. */
  readonly endpoint: string
  /** Where it is sent to. */
  readonly url: string
  /** What `fetch` takes. Its headers have the names in lower case. */
  readonly init: Omit<RequestInit, 'headers'> & { readonly headers: Readonly<Record<string, string>> }
}

/**
 * What a call takes besides the endpoint's own input.
 * @example const options: CallOptions = { timeoutMs: 2_000, signal: AbortSignal.timeout(1_000) }
 */
export interface CallOptions {
  /** Ends the call: it resolves to the error `aborted`. */
  readonly signal?: AbortSignal | undefined
  /** For this call, in place of the client's. */
  readonly timeoutMs?: number | undefined
  /** 8 to 128 of letters, digits and `_.:-`, to find the call in the logs (default: a UUID). */
  readonly correlationId?: string | undefined
}

/**
 * One method an endpoint. A call resolves whatever happens; it rejects only with a TypeError, for what the types refuse.
 * @example
 * const ordersOf = async (client: Client<CallsOf<{ getOrder: typeof contract }>>) =>
 *   client.getOrder({ params: { id: '7' } })
 */
export type Client<Calls extends Readonly<Record<string, Call>>> = {
  readonly [Name in keyof Calls]: ((...call: Optional<Arguments<Calls[Name]>>) => Promise<Result<Calls[Name]>>) &
    (Calls[Name] extends { readonly async: true } ? AsyncCall<Calls[Name]> : unknown)
}

type Optional<A> = Empty extends A ? [call?: A] : [call: A]

/**
 * The other way to call an endpoint whose contract says `async`: without waiting for it.
 * @example
 * const get = async (call: AsyncCall<CallsOf<{ getOrder: typeof contract }>['getOrder']>) => {
 *   const started = await call.async({ params: { id: '7' } })
 *   return started.ok ? started.invocation.done() : started
 * }
 */
export interface AsyncCall<C extends Call> {
  /** Resolves when the call is stored; its function is called afterwards, until it has answered. */
  readonly async: (
    ...call: Optional<
      Arguments<C> & {
        /** A public https address that is told of the end (Ebb-Callback). */
        readonly callbackUrl?: string | undefined
      }
    >
  ) => Promise<Started<C>>
}

/**
 * What comes of starting a call: an invocation, or a refusal as of the call itself.
 * @example const idOf = (started: Started<Call>) => (started.ok ? started.invocation.id : undefined)
 */
export type Started<C extends Call> =
  | { readonly ok: true; readonly invocation: Invocation<C>; readonly correlationId: string }
  | Exclude<Result<C>, { readonly ok: true }>

/**
 * A call that goes on by itself.
 * @example const dataOf = async (invocation: Invocation<Call>) => (await invocation.done()).ok
 */
export interface Invocation<C extends Call> {
  /** To find it by; undefined where the call had its answer already, by its Idempotency-Key. */
  readonly id: string | undefined
  /** Waits for its end, however long that takes, and resolves to what the call itself would have resolved to. */
  done(options?: AsyncOptions): Promise<Result<C> | Refusal<'gone', 410>>
  /** Cancels it, where it has not begun. */
  cancel(
    options?: AsyncOptions,
  ): Promise<
    | Success<200, InvocationState>
    | Refusal<'already_started', 409>
    | Refusal<'gone', 410>
    | Refusal<PlatformCode | 'unexpected_answer', number>
    | NoResponse
  >
  /** Each state until its end, as it changes. Throws where it cannot be followed. */
  events(options?: AsyncOptions): AsyncIterable<InvocationState>
}

/**
 * How long a question about an invocation may take.
 * @example const options: AsyncOptions = { signal: AbortSignal.timeout(600_000) }
 */
export type AsyncOptions = Pick<CallOptions, 'signal' | 'timeoutMs'>

/**
 * The state of an invocation.
 * @example const isOver = ({ state }: InvocationState) => state !== 'waiting' && state !== 'running'
 */
export interface InvocationState {
  /** Also the last part of its address. */
  readonly id: string
  /** The endpoint's name. */
  readonly function: string
  /** `failed` has ended with a refusal. */
  readonly state: 'waiting' | 'running' | 'done' | 'failed' | 'cancelled'
  /** How often its function was called. */
  readonly attempts: number
  /** When it was stored: RFC 3339. */
  readonly createdAt: string
  /** When it ended: RFC 3339. */
  readonly settledAt?: string
}

/**
 * What a call of an endpoint takes: its input and the options of any call.
 * @example type GetOrder = Arguments<CallsOf<{ getOrder: typeof contract }>['getOrder']>
 */
export type Arguments<C extends Call> = CallOptions &
  Parts<C> &
  ConditionArguments<C> &
  (C extends { readonly idempotent: true }
    ? {
        /** The same for the same intent, however often it is sent (default: a UUID for each call). */
        readonly idempotencyKey?: string | undefined
      }
    : unknown) &
  (C extends { readonly bodyStream: true }
    ? {
        /** The media type of the body (default: that of a Blob, or the one of the contract). */
        readonly contentType?: string | undefined
      }
    : unknown)

/** What a call of an endpoint takes, without the options of a call. */
export type CallInput<C extends Call> = Parts<C> & ConditionArguments<C>

/** The version that a write is about, or `'*'` for `ifNoneMatch` where it is to create something. */
type ConditionArguments<C> = C extends { readonly conditional: infer Conditional }
  ? Conditional extends true
    ?
        | { readonly ifMatch: string; readonly ifNoneMatch?: undefined }
        | { readonly ifNoneMatch: string; readonly ifMatch?: undefined }
    : { readonly ifMatch?: string | undefined; readonly ifNoneMatch?: string | undefined }
  : unknown

/**
 * What can be sent as a streamed body. What can be read only once is sent only once.
 * @example const source: StreamSource = new Blob(['sku,quantity\n'], { type: 'text/csv' })
 */
export type StreamSource =
  | Blob
  | ArrayBuffer
  | Uint8Array<ArrayBuffer>
  | string
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>

/**
 * One event of a reply of events. Where the connection ends, the client comes back by itself, with the id of the last one.
 * @example const celsiusOf = (event: StreamedEvent<{ celsius: number }>) => event.data.celsius
 */
export interface StreamedEvent<Data> {
  /** As the server gave it; undefined where it gave none. */
  readonly id?: string
  /** Its name; undefined where it has none. */
  readonly event?: string
  /** Its content. */
  readonly data: Data
}

type Empty = Record<never, never>
type PartName<C> = keyof C & ('params' | 'query' | 'headers' | 'cookies' | 'body')
type Parts<C> = {
  readonly [P in PartName<C> as IsOptional<C[P]> extends true ? never : P]: C[P]
} & { readonly [P in PartName<C> as IsOptional<C[P]> extends true ? P : never]?: C[P] | undefined }
type IsOptional<T> = undefined extends T ? true : Empty extends T ? true : false

/**
 * What comes of a call. Look at `ok` first, then switch on `error`: the failures that the contract declares, the platform's
 * own codes, `unexpected_answer`, or `network`, `timeout` and `aborted` where no response came.
 * @example
 * const quantity = (result: Result<CallsOf<{ getOrder: typeof contract }>['getOrder']>) =>
 *   result.ok ? result.data.quantity : result.error === 'order_not_found' ? 0 : undefined
 */
export type Result<C extends Call> =
  | SuccessOf<C>
  | { [Code in keyof C['failures'] & string]: RefusalOf<Code, C['failures'][Code]> }[keyof C['failures'] & string]
  | Refusal<PlatformCode, number>
  | Refusal<'unexpected_answer', number>
  | NoResponse

/** A refusal that the contract declares, with the data that belong to it. */
type RefusalOf<Code, Failure> = Failure extends { readonly status: infer Status; readonly data: infer Data }
  ? Refusal<Code, Status> & {
      /** What the contract declares of this failure. */
      readonly data: Data
    }
  : Refusal<Code, Failure>

/** What an endpoint did, by its contract. */
export type SuccessOf<C extends Call> = C extends { readonly replies: infer R }
  ? R extends { readonly status: infer Status; readonly data: infer Data; readonly more: infer More }
    ? Success<Status, Data> & More
    : never
  : Success<C['status'], C['data']>

/**
 * The endpoint did what it was asked to, which may be to send the caller elsewhere: no redirect is followed.
 * @example const dataOf = <Data>(success: Success<200, Data>) => success.data
 */
export interface Success<Status, Data> {
  /** Tells it from a failure. */
  readonly ok: true
  /** As the contract declares it. */
  readonly status: Status
  /** The body, as the contract declares it. A streamed one is read by `for await`, which throws where it breaks off. */
  readonly data: Data
  /** The response's headers. */
  readonly headers: Headers
  /** Where the response leads to, or what was made is to be found. */
  readonly location?: string
  /** Which version it shows: a write sends it as `ifMatch`. */
  readonly etag?: string
  /** Finds the request in the server's logs. */
  readonly correlationId: string
}

/**
 * The server said no. `unexpected_answer` is one that the contracts do not foresee: a proxy's page, a redirect, or a
 * newer server's code, which `message` then names.
 * @example const waitMs = ({ retryAfterSeconds = 0 }: Refusal<string, number>) => retryAfterSeconds * 1_000
 * @see https://www.rfc-editor.org/rfc/rfc9457
 */
export interface Refusal<Code, Status> {
  /** Tells it from a success. */
  readonly ok: false
  /** The code to switch on. */
  readonly error: Code
  /** The HTTP status of that code. */
  readonly status: Status
  /** One sentence for people. */
  readonly message: string
  /** Finds the request in the server's logs. */
  readonly correlationId: string
  /** Each issue of the input, with its path: `body.email` or `query.limit`. */
  readonly details: readonly ValidationIssue[]
  /** The server's Retry-After (RFC 9110, 10.2.3), in seconds from now. */
  readonly retryAfterSeconds?: number
}

/**
 * No response came. Whether the server did something is unknown, unless the endpoint only reads.
 * @example const isOffline = ({ error }: NoResponse) => error === 'network'
 */
export interface NoResponse {
  /** Tells it from a success. */
  readonly ok: false
  /** `timeout` is the client's own limit, `aborted` the caller's signal. */
  readonly error: 'network' | 'timeout' | 'aborted'
  /** There is none. */
  readonly status?: never
  /** One sentence for people. */
  readonly message: string
  /** Finds the request in the server's logs, if it came there. */
  readonly correlationId: string
  /** Always empty. */
  readonly details: readonly ValidationIssue[]
  /** What was thrown. */
  readonly cause: unknown
}

/**
 * One thing that is wrong with an input, and where.
 * @example const show = ({ path, message }: ValidationIssue) => `${path}: ${message}`
 */
export interface ValidationIssue {
  /** Such as `body.email` or `query.limit`. */
  readonly path: string
  /** One sentence for people. */
  readonly message: string
}

/**
 * What the platform itself may answer at any endpoint.
 * @example const isWorthARetry = (code: PlatformCode) => code === 'unavailable' || code === 'rate_limited'
 */
export type PlatformCode =
  | (
      | 'bad_request'
      | 'invalid_request'
      | 'unauthenticated'
      | 'forbidden'
      | 'not_found'
      | 'method_not_allowed'
      | 'not_cached'
    )
  | ('request_timeout' | 'payload_too_large' | 'unsupported_media_type' | 'expectation_failed' | 'headers_too_large')
  | ('rate_limited' | 'tenant_required' | 'in_progress' | 'idempotency_mismatch' | 'caller_gone' | 'https_required')
  | 'call_cancelled'
  | ('invalid_signature' | 'signature_expired' | 'webhook_replayed')
  | (
      | 'invalid_operation'
      | 'operation_too_large'
      | 'operation_too_deep'
      | 'operation_too_costly'
      | 'operation_not_known'
    )
  | ('precondition_failed' | 'precondition_required' | 'invalid_patch' | 'upgrade_required')
  | ('internal' | 'bad_gateway' | 'unavailable' | 'deadline_exceeded' | 'outcome_unknown')
