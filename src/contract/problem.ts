/** What is wrong with one part of an input, and where: `path` is `body.email` or `query.limit`. */
export interface ValidationIssue {
  readonly path: string
  readonly message: string
}

export interface ProblemOptions extends ErrorOptions {
  readonly details?: readonly ValidationIssue[]
  /** Sent as Retry-After (RFC 9110, whole seconds). */
  readonly retryAfterSeconds?: number
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * A refusal that the caller may see, answered as `application/problem+json` (RFC 9457).
 * Switch on `code`, never on the message.
 */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: string
  readonly status: number
  readonly details: readonly ValidationIssue[]
  readonly headers: Readonly<Record<string, string>>

  constructor(code: string, status: number, message: string, options: ProblemOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.status = status
    this.details = options.details ?? []
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
  ...['in_progress', 'idempotency_mismatch', 'rate_limited', 'caller_gone'],
  ...['internal', 'bad_gateway', 'unavailable', 'deadline_exceeded', 'outcome_unknown'],
])

/** Whether the same request may well succeed later: such a response is never stored, and a retry is worth its cost. */
export const isTransient = (status: number): boolean => status >= 500 || [408, 425, 429].includes(status)

/** The `type` of problems of one code (RFC 9457, 3.1.1): a reference from the root, since the public host is not known inside. */
export const problemType = (code: string): string => `/docs/problems/${code}`

/** `out_of_stock` is "Out of stock". */
export const problemTitle = (code: string): string => code.charAt(0).toUpperCase() + code.slice(1).replaceAll('_', ' ')

/**
 * The bytes of a problem as callers see it: `{ status, error, message, correlationId, details? }`, and what clients of
 * RFC 9457 look for: `{ type, title, detail, instance }`.
 */
export function problemJson(problem: Problem, correlationId: string): string {
  const { status, code, message, details } = problem
  const type = problemType(code)
  return JSON.stringify({
    ...{ status, error: code, message, correlationId },
    ...{ type, title: problemTitle(code), detail: message, instance: `${type}#${correlationId}` },
    ...(details.length > 0 ? { details } : {}),
  })
}
