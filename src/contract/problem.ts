/** One fault of an input, and where it is: `path` is `body.email` or `query.limit`. */
export interface Fault {
  readonly path: string
  readonly message: string
}

export interface ProblemOptions extends ErrorOptions {
  readonly details?: readonly Fault[]
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
  readonly details: readonly Fault[]
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

/** Whether the same request may well succeed later: such an answer is never recorded, and retries are worth a try. */
export const isTransient = (status: number): boolean => status >= 500 || [408, 425, 429].includes(status)

/** The bytes of a problem as callers see it: `{ status, error, message, correlationId, details? }`. */
export function problemJson(problem: Problem, correlationId: string): string {
  const { status, code, message, details } = problem
  return JSON.stringify({ status, error: code, message, correlationId, ...(details.length > 0 ? { details } : {}) })
}
