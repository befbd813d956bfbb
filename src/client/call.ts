/**
 * The arguments and the result of a call. Plain types that import nothing: `npm run build:client` puts this file into the
 * packed client as it is.
 */

/** One endpoint as its callers see it. A part that is absent cannot be sent. */
export interface Call {
  readonly params?: object
  readonly query?: object
  readonly headers?: object
  readonly body?: unknown
  readonly idempotent?: true
  readonly status: number
  readonly data: unknown
  /** The codes with which the endpoint may refuse, each with its status. */
  readonly failures: Readonly<Record<string, number>>
}

export interface ClientOptions {
  /** Where the gateway is, such as `https://api.example.com`. */
  readonly baseUrl: string
  /** The API key; anonymous endpoints need none. */
  readonly key?: string | undefined
  /** Replaces the platform's own `fetch`. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>
  /** Tries after the first one, for reads and idempotent endpoints only (default: 3). */
  readonly retries?: number
  /** The most that a call may take, all tries and waits together (default: 60 s). */
  readonly timeoutMs?: number
  /** The back-off's first ceiling, doubled for each further try (default: 200 ms). */
  readonly minDelayMs?: number
  /** The back-off's highest ceiling (default: 5 s). */
  readonly maxDelayMs?: number
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  /** For this call, in place of the client's. */
  readonly timeoutMs?: number | undefined
  /** 8 to 128 of letters, digits and `_.:-`, to find the call in the logs (default: a UUID). */
  readonly correlationId?: string | undefined
}

/** One method for each endpoint. Nothing is thrown but a TypeError for what the types refuse. */
export type Client<Calls extends Readonly<Record<string, Call>>> = {
  readonly [Name in keyof Calls]: (
    ...call: Empty extends Arguments<Calls[Name]> ? [call?: Arguments<Calls[Name]>] : [call: Arguments<Calls[Name]>]
  ) => Promise<Result<Calls[Name]>>
}

export type Arguments<C extends Call> = CallOptions &
  Parts<C> &
  (C extends { readonly idempotent: true }
    ? {
        /** The same for the same intent, however often it is sent (default: a UUID for each call). */
        readonly idempotencyKey?: string | undefined
      }
    : unknown)

type Empty = Record<never, never>
type PartName<C> = keyof C & ('params' | 'query' | 'headers' | 'body')
type Parts<C> = {
  readonly [P in PartName<C> as IsOptional<C[P]> extends true ? never : P]: C[P]
} & { readonly [P in PartName<C> as IsOptional<C[P]> extends true ? P : never]?: C[P] | undefined }
type IsOptional<T> = undefined extends T ? true : Empty extends T ? true : false

/** The result of a call. Look at `ok` first, then switch on `error`. */
export type Result<C extends Call> =
  | Success<C['status'], C['data']>
  | { [Code in keyof C['failures'] & string]: Refusal<Code, C['failures'][Code]> }[keyof C['failures'] & string]
  | Refusal<PlatformCode, number>
  | Refusal<'unexpected_answer', number>
  | NoResponse

export interface Success<Status, Data> {
  readonly ok: true
  readonly status: Status
  readonly data: Data
  readonly headers: Headers
  readonly correlationId: string
}

/**
 * The server refused. `unexpected_answer` is a response that the contracts do not declare: a proxy's page, a redirect, or a
 * newer server's code, which `message` then names.
 */
export interface Refusal<Code, Status> {
  readonly ok: false
  readonly error: Code
  readonly status: Status
  /** One sentence for people. */
  readonly message: string
  /** Finds the request in the server's logs. */
  readonly correlationId: string
  /** Each issue of the input, with its path: `body.email` or `query.limit`. */
  readonly details: readonly ValidationIssue[]
  readonly retryAfterSeconds?: number
}

/** No response came. Whether the request took effect is unknown, unless the endpoint only reads. */
export interface NoResponse {
  readonly ok: false
  readonly error: 'network' | 'timeout' | 'aborted'
  readonly status?: never
  readonly message: string
  readonly correlationId: string
  readonly details: readonly ValidationIssue[]
  readonly cause: unknown
}

export interface ValidationIssue {
  readonly path: string
  readonly message: string
}

/** The codes with which the platform itself may refuse at any endpoint. */
export type PlatformCode =
  | ('bad_request' | 'invalid_request' | 'unauthenticated' | 'forbidden' | 'not_found' | 'method_not_allowed')
  | ('request_timeout' | 'payload_too_large' | 'unsupported_media_type' | 'expectation_failed' | 'headers_too_large')
  | ('rate_limited' | 'in_progress' | 'idempotency_mismatch' | 'caller_gone')
  | ('internal' | 'bad_gateway' | 'unavailable' | 'deadline_exceeded' | 'outcome_unknown')
