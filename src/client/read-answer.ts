import type { Call, Fault, Refusal, Result } from './call.ts'
import type { Callable } from './calls-of.ts'
import { PLATFORM_CODES } from './platform-codes.ts'

/** Reads an answer to its end and says what it means to the caller. Rejects where it breaks off. */
export async function readAnswer(
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
    return unexpected(response, correlationId, 'and the contract says otherwise')
  }
  const { error, message, detail, title, details } = Object(read === NO_JSON ? undefined : read) as Readonly<
    Record<string, unknown>
  >
  if (typeof error !== 'string') {
    // What stands in between may speak RFC 9457 as well.
    const said = [detail, title].find((text) => typeof text === 'string')
    return unexpected(response, correlationId, `which did not come from an Ebb${said ? ` (${said})` : ''}`)
  }
  const known = PLATFORM_CODES.has(error) || !contract.failures || Object.hasOwn(contract.failures, error)
  if (!known) return unexpected(response, correlationId, `with the code ${error}, which this client does not know`)
  return {
    ...{ ok: false, status, message: String(message ?? detail ?? error), correlationId },
    // `known` has just held it against the codes that the type names.
    error: error as never,
    details: Array.isArray(details) ? details.filter(isFault) : [],
    ...retryAfter(headers),
  }
}

/** The wait that an answer asks for, in seconds or as a date (RFC 9110). */
export function retryAfter(headers: Headers, now = Date.now()): { readonly retryAfterSeconds?: number } {
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

function unexpected(
  { status, headers }: Response,
  correlationId: string,
  why: string,
): Refusal<'unexpected_answer', number> {
  const message = `The server answered ${status}, ${why}.`
  return { ok: false, error: 'unexpected_answer', status, message, correlationId, details: [], ...retryAfter(headers) }
}

const isFault = (value: unknown): value is Fault =>
  typeof Object(value).path === 'string' && typeof Object(value).message === 'string'
