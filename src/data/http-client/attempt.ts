import type { Agent, Dispatcher } from 'undici'
import type { Received } from './answer.ts'
import type { HttpFaultCode } from './http-fault.ts'
import type { Call } from './to-call.ts'

/** What came of sending a request once. */
export type Outcome =
  | { readonly code: 'answered'; readonly received: Received }
  | { readonly code: Exclude<HttpFaultCode, 'breaker_open' | 'bad_answer'>; readonly cause: unknown }

interface AttemptOptions {
  /** Until the last byte of the answer is there. */
  readonly timeoutMs: number
  readonly maxBytes: number
  readonly signal: AbortSignal
}

/** Sends a request once, and reads all of its answer. Rejects only where what was asked for is no request. */
export async function attempt(
  agent: Agent,
  { method, url, headers, body }: Call,
  { timeoutMs, maxBytes, signal }: AttemptOptions,
): Promise<Outcome> {
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(new Error(`${timeoutMs} ms are over`)), timeoutMs)
  try {
    const response = await agent.request({
      ...{ origin: url.origin, path: url.pathname + url.search, method, headers, body },
      signal: AbortSignal.any([signal, limit.signal]),
    })
    const bytes = await read(response.body, maxBytes)
    if (!bytes) return { code: 'too_large', cause: new Error(`more than ${maxBytes} bytes`) }
    return { code: 'answered', received: { status: response.statusCode, headers: flatten(response.headers), bytes } }
  } catch (cause) {
    if (signal.aborted) return { code: 'aborted', cause: signal.reason }
    const { code } = Object(cause) as { code?: unknown }
    if (limit.signal.aborted || code === 'UND_ERR_CONNECT_TIMEOUT') return { code: 'timeout', cause }
    if (NO_REQUEST.has(code)) throw cause
    return { code: 'network', cause }
  } finally {
    clearTimeout(timer)
  }
}

/** Such as a header that cannot be sent: the handler's fault, and nothing about the origin. */
const NO_REQUEST = new Set<unknown>([
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
])

/** Undefined where there is more; then the rest is not fetched. */
async function read(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > maxBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const flatten = (headers: Dispatcher.ResponseData['headers']): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, [value].flat().join(', ')]],
    ),
  )
