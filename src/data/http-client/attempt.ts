import type { Agent, Dispatcher } from 'undici'
import { readAtMost } from '../../protocol/read-at-most.ts'
import type { HttpRequest } from './request.ts'
import { type HttpErrorCode, NOT_ALLOWED, type RawResponse } from './response.ts'

/** The outcome of sending a request once. */
export type Outcome =
  | { readonly code: 'response'; readonly response: RawResponse }
  | { readonly code: Exclude<HttpErrorCode, 'breaker_open' | 'bad_answer'>; readonly cause: unknown }

interface AttemptOptions {
  /** Until the last byte of the response has arrived. */
  readonly timeoutMs: number
  readonly maxBytes: number
  readonly signal: AbortSignal
}

/** Sends a request once, and reads all of its response. Rejects only if the request itself cannot be sent. */
export async function attempt(
  agent: Agent,
  { method, url, headers, body }: HttpRequest,
  { timeoutMs, maxBytes, signal }: AttemptOptions,
): Promise<Outcome> {
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(new Error(`${timeoutMs} ms are over`)), timeoutMs)
  try {
    const response = await agent.request({
      ...{ origin: url.origin, path: url.pathname + url.search, method, headers, body },
      signal: AbortSignal.any([signal, limit.signal]),
    })
    const { bytes, isWhole, error } = await readAtMost(response.body, maxBytes)
    if (error) throw error
    if (!isWhole) return { code: 'too_large', cause: new Error(`more than ${maxBytes} bytes`) }
    const { statusCode: status, headers: received } = response
    return { code: 'response', response: { status, headers: flattenHeaders(received), bytes } }
  } catch (cause) {
    if (signal.aborted) return { code: 'aborted', cause: signal.reason }
    const { code } = Object(cause) as { code?: unknown }
    if (limit.signal.aborted || code === 'UND_ERR_CONNECT_TIMEOUT') return { code: 'timeout', cause }
    if (code === NOT_ALLOWED) return { code: 'not_allowed', cause }
    if (INVALID_REQUEST_CODES.has(code)) throw cause
    return { code: 'network', cause }
  } finally {
    clearTimeout(timer)
  }
}

/** What undici refuses to send, such as a malformed header: the handler's error, which says nothing about the origin. */
const INVALID_REQUEST_CODES = new Set<unknown>([
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
])

const flattenHeaders = (headers: Dispatcher.ResponseData['headers']): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, [value].flat().join(', ')]],
    ),
  )
