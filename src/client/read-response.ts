import type { Call, PlatformCode, Refusal, Result, ValidationIssue } from './call.ts'
import type { Callable } from './calls-of.ts'

/** Reads an answer to its end and says what it means to the caller. Rejects where it breaks off. */
export async function readResponse(
  contract: Callable,
  response: Response,
  { correlationId: sent }: { readonly correlationId: string },
): Promise<Result<Call>> {
  const { status, headers } = response
  const correlationId = headers.get('x-correlation-id') ?? sent
  const read = parse(await response.text())
  if (response.ok) {
    const isWhole = status === 204 || (read !== NO_JSON && read !== undefined)
    const fits = isWhole && status === (contract.reply?.status ?? status)
    if (fits) return { ok: true, status, data: read, headers, correlationId }
    return createUnexpected(response, correlationId, 'and the contract says otherwise')
  }
  const { error, message, detail, title, details } = Object(read === NO_JSON ? undefined : read) as Readonly<
    Record<string, unknown>
  >
  if (typeof error !== 'string') {
    // What stands in between may speak RFC 9457 as well.
    const said = [detail, title].find((text) => typeof text === 'string')
    return createUnexpected(response, correlationId, `which did not come from an Ebb${said ? ` (${said})` : ''}`)
  }
  const known = PLATFORM_CODES.has(error) || !contract.failures || Object.hasOwn(contract.failures, error)
  if (!known)
    return createUnexpected(response, correlationId, `with the code ${error}, which this client does not know`)
  return {
    ...{ ok: false, status, message: String(message ?? detail ?? error), correlationId },
    // `known` has just held it against the codes that the type names.
    error: error as never,
    details: Array.isArray(details) ? details.filter(isValidationIssue) : [],
    ...parseRetryAfter(headers),
  }
}

/** The wait that an answer asks for, in seconds or as a date (RFC 9110). */
export function parseRetryAfter(headers: Headers, now = Date.now()): { readonly retryAfterSeconds?: number } {
  const text = headers.get('retry-after')?.trim()
  if (!text) return {}
  const seconds = /^\d+$/.test(text) ? Number(text) : Math.ceil((Date.parse(text) - now) / 1000)
  return Number.isNaN(seconds) ? {} : { retryAfterSeconds: Math.max(0, seconds) }
}

const NO_JSON = Symbol('no JSON')

function parse(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch {
    return NO_JSON
  }
}

function createUnexpected(
  { status, headers }: Response,
  correlationId: string,
  why: string,
): Refusal<'unexpected_answer', number> {
  const message = `The server answered ${status}, ${why}.`
  return {
    ok: false,
    error: 'unexpected_answer',
    status,
    message,
    correlationId,
    details: [],
    ...parseRetryAfter(headers),
  }
}

const isValidationIssue = (value: unknown): value is ValidationIssue =>
  typeof Object(value).path === 'string' && typeof Object(value).message === 'string'

// By its type this names each PlatformCode and nothing else.
const CODES: Readonly<Record<PlatformCode, true>> = {
  bad_request: true,
  invalid_request: true,
  unauthenticated: true,
  forbidden: true,
  not_found: true,
  method_not_allowed: true,
  request_timeout: true,
  payload_too_large: true,
  unsupported_media_type: true,
  expectation_failed: true,
  headers_too_large: true,
  rate_limited: true,
  in_progress: true,
  idempotency_mismatch: true,
  caller_gone: true,
  internal: true,
  bad_gateway: true,
  unavailable: true,
  deadline_exceeded: true,
  outcome_unknown: true,
}

/** The codes that the platform answers with, at run time. */
export const PLATFORM_CODES: ReadonlySet<string> = new Set(Object.keys(CODES))
