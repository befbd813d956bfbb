/**
 * One thing that is wrong with an input, and where.
 * @example const issue: ValidationIssue = { path: 'body.email', message: 'Write an e-mail address.' }
 */
export interface ValidationIssue {
  /** Where it is, such as `body.email` or `query.limit`. */
  readonly path: string
  /** What is wrong, in one sentence for people. */
  readonly message: string
}

/**
 * What a {@link Problem} has besides code, status and message.
 * @example const options: ProblemOptions = { retryAfterSeconds: 30 }
 */
export interface ProblemOptions extends ErrorOptions {
  /** What is wrong with the input, for a 400. */
  readonly details?: readonly ValidationIssue[]
  /** After how many seconds a retry is worth it: sent as Retry-After (RFC 9110, whole seconds). */
  readonly retryAfterSeconds?: number
  /** Which limit a 429 is about, such as `rate` or `quota-month`. */
  readonly policy?: string
  /** Headers that are sent with the response. */
  readonly headers?: Readonly<Record<string, string>>
  /** What the contract declares as data of this failure. */
  readonly data?: unknown
}

/**
 * An error that the caller may see, answered as `application/problem+json` (RFC 9457). Any other error that is thrown is a
 * 500 whose text stays in the log. Switch on `code`, never on the message. A handler throws its declared failures by
 * `fail`; this class is for resources of your own.
 * @example throw new Problem('unavailable', 503, 'The stock service is away.', { retryAfterSeconds: 30 })
 * @see https://www.rfc-editor.org/rfc/rfc9457
 */
export class Problem extends Error {
  override readonly name = 'Problem'
  /** What clients switch on: it stays the same, in lower_snake. */
  readonly code: string
  /** The HTTP status, from 400 to 599. */
  readonly status: number
  /** What is wrong with the input. */
  readonly details: readonly ValidationIssue[]
  /** Which limit a 429 is about. */
  readonly policy: string | undefined
  /** Headers that are sent with the response. */
  readonly headers: Readonly<Record<string, string>>
  /** What the contract declares as data of this failure; undefined where it declares none. */
  readonly data: unknown

  constructor(code: string, status: number, message: string, options: ProblemOptions = {}) {
    // Where a refusal was made helps nobody, and to find out costs as much as all else of the response.
    const { stackTraceLimit } = Error
    if (status < 500) Error.stackTraceLimit = 0
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    Error.stackTraceLimit = stackTraceLimit
    this.code = code
    this.status = status
    this.details = options.details ?? []
    this.policy = options.policy
    this.data = options.data
    this.headers = {
      ...options.headers,
      ...(options.retryAfterSeconds === undefined ? {} : { 'retry-after': String(options.retryAfterSeconds) }),
    }
  }
}

/** The codes with which the platform itself answers: a contract cannot declare them. */
export const PLATFORM_CODES: ReadonlySet<string> = new Set([
  ...['bad_request', 'invalid_request', 'unauthenticated', 'forbidden', 'not_found', 'method_not_allowed'],
  ...['request_timeout', 'payload_too_large', 'unsupported_media_type', 'expectation_failed', 'headers_too_large'],
  ...['tenant_required', 'in_progress', 'idempotency_mismatch', 'rate_limited', 'caller_gone', 'https_required'],
  ...['call_cancelled', 'invalid_signature', 'signature_expired', 'webhook_replayed'],
  ...['precondition_failed', 'precondition_required', 'invalid_patch', 'upgrade_required'],
  ...['invalid_operation', 'operation_too_large', 'operation_too_deep', 'operation_too_costly', 'operation_not_known'],
  ...['internal', 'bad_gateway', 'unavailable', 'deadline_exceeded', 'outcome_unknown', 'not_cached'],
])

/**
 * Whether a failure is not the last word on a request: 408, 425, 429 and every 5xx. Such a response is never stored under
 * an idempotency key, and the relay makes the call again, even after a 500: inbox and key see to it that it has one effect.
 * A client that has neither asks `isRetryableStatus` (src/protocol/retry.ts), which leaves out 500.
 */
export const isTransient = (status: number): boolean => status >= 500 || [408, 425, 429].includes(status)

/** The `type` of problems of one code (RFC 9457, 3.1.1): a reference from the root, since the public host is not known inside. */
export const problemType = (code: string): string => `/docs/problems/${code}`

/** `out_of_stock` is "Out of stock". */
export const problemTitle = (code: string): string => code.charAt(0).toUpperCase() + code.slice(1).replaceAll('_', ' ')

/**
 * The bytes of a problem as callers see it: `{ status, error, message, correlationId, details?, policy?, data? }`, and what clients of
 * RFC 9457 look for: `{ type, title, detail, instance }`.
 */
export function problemJson(problem: Problem, correlationId: string): string {
  const { status, code, message, details, policy, data } = problem
  const type = problemType(code)
  return JSON.stringify({
    ...{ status, error: code, message, correlationId },
    ...{ type, title: problemTitle(code), detail: message, instance: `${type}#${correlationId}` },
    ...(details.length > 0 ? { details } : {}),
    ...(policy === undefined ? {} : { policy }),
    ...(data === undefined ? {} : { data }),
  })
}
