import { EVENT_STREAM, NDJSON } from '../contract/streams/reply-stream.ts'
import { POSITION_HEADER } from '../protocol/position.ts'
import { createAsyncCall } from './async-calls.ts'
import type { Call, CallOptions, ClientOptions, NoResponse, Refusal, Result } from './call.ts'
import type { CallData } from './call-data.ts'
import { followEvents } from './follow-events.ts'
import { keepPosition } from './keep-position.ts'
import { readResponse } from './read-response.ts'
import { readItems } from './read-stream.ts'
import { createDeadline, withRetries } from './retry.ts'
import { createSender } from './send-request.ts'
import { type HttpRequest, type RawCall, toRequest } from './to-request.ts'

/** Creates the methods of a client. Throws a TypeError for a `baseUrl` that is not a valid http or https address. */
export function createCalls(callables: Readonly<Record<string, CallData>>, options: ClientOptions) {
  const settings = resolveOptions(options)
  const send = (callable: CallData, call: RawCall & CallOptions) => callEndpoint(callable, call, settings)
  const methods = Object.entries(callables).map(([name, callable]) => {
    const method = (call: RawCall & CallOptions = {}) => send(callable, call)
    return [name, callable.async ? Object.assign(method, { async: createAsyncCall(callable, send) }) : method]
  })
  return Object.fromEntries(methods)
}

type Settings = ReturnType<typeof resolveOptions>

function resolveOptions({
  baseUrl,
  key,
  token,
  middleware = [],
  retries = 3,
  timeoutMs,
  minDelayMs = 200,
  maxDelayMs = 5_000,
  // Looked up at each call, and called as a method of the global, which browsers insist on.
  fetch = (url, init) => globalThis.fetch(url, init),
}: ClientOptions) {
  if (key !== undefined && token) throw new TypeError('give a client a `key` or a `token`, and not both')
  const position = keepPosition()
  const send = createSender({ fetch, token, middleware })
  return { baseUrl: checkBaseUrl(baseUrl), key, retries, timeoutMs, minDelayMs, maxDelayMs, send, position }
}

function checkBaseUrl(baseUrl: string): string {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash) {
    throw new TypeError(`baseUrl "${baseUrl}" must be an http or https address without query`)
  }
  return baseUrl.replace(/[/?#]+$/, '')
}

async function callEndpoint(contract: CallData, call: RawCall & CallOptions, settings: Settings) {
  const { baseUrl, key, retries, minDelayMs, maxDelayMs } = settings
  const { signal: callerSignal, correlationId = crypto.randomUUID() } = call
  const timeoutMs = call.timeoutMs ?? settings.timeoutMs ?? defaultTimeoutMs(contract)
  const request = toRequest(contract, call, { baseUrl, key, correlationId, position: settings.position.current() })
  if ('issues' in request) return createInvalidRequest(request.issues, correlationId)
  const deadline = Date.now() + timeoutMs
  const { signal, clear, stopTimer } = createDeadline(timeoutMs, callerSignal)
  const attempt = () => attemptOnce(contract, request, { ...settings, signal, callerSignal, timeoutMs, correlationId })
  const limits = { retries, minDelayMs, maxDelayMs, deadline, signal, isOnce: request.isOnce }
  const result = await withRetries(contract, attempt, limits)
  // A stream goes on for as long as its reader wants it.
  if (result.ok && contract.replies?.[0]?.stream !== undefined) stopTimer()
  else clear()
  return result
}

const DEFAULT_TIMEOUT_MS = 60_000
const UPLOAD_TIMEOUT_MS = 600_000

const defaultTimeoutMs = ({ bodyKind }: CallData) => (bodyKind ? UPLOAD_TIMEOUT_MS : DEFAULT_TIMEOUT_MS)

interface AttemptOptions extends Pick<Settings, 'send' | 'position' | 'retries' | 'minDelayMs' | 'maxDelayMs'> {
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** The caller's own part of `signal`. */
  readonly callerSignal: AbortSignal | undefined
  readonly correlationId: string
}

async function attemptOnce(
  contract: CallData,
  { url, init, isOnce }: HttpRequest,
  { send, position, signal, callerSignal, timeoutMs, correlationId, ...delays }: AttemptOptions,
): Promise<Result<Call>> {
  try {
    signal.throwIfAborted()
    const sendWith = (more: Readonly<Record<string, string>>) =>
      send(
        { ...{ endpoint: contract.name, url }, init: { ...init, headers: { ...init.headers, ...more } } },
        { signal, isOnce },
      )
    const reopen = (lastEventId: string) => sendWith(lastEventId === '' ? {} : { 'last-event-id': lastEventId })
    const streamOf = (response: Response) =>
      toStreamedData(contract, response, { name: contract.name, reopen, signal, ...delays })
    const response = await sendWith({})
    position.take(response.headers.get(POSITION_HEADER))
    return await readResponse(contract, response, { correlationId, streamOf })
  } catch (cause) {
    const noResponse = (error: NoResponse['error'], message: string): NoResponse => ({
      ...{ ok: false, error, message, correlationId, details: [], cause },
    })
    if (callerSignal?.aborted) return noResponse('aborted', 'The call was aborted.')
    if (signal.aborted) return noResponse('timeout', `No response came within ${timeoutMs} ms.`)
    return noResponse('network', `${contract.name} could not be reached, or the connection broke.`)
  }
}

/** What a caller gets of a streamed reply: items, events, or the bytes. */
function toStreamedData(
  { replies = [] }: CallData,
  response: Response,
  options: Parameters<typeof followEvents>[1],
): AsyncIterable<unknown> | ReadableStream<Uint8Array> {
  const type = replies[0]?.stream
  if (type === EVENT_STREAM) return followEvents(response, options)
  const body = response.body ?? new Blob([]).stream()
  return type === NDJSON ? readItems(body) : body
}

/** The refusal that the gateway would answer with, without a request. */
const createInvalidRequest = (details: Refusal<string, number>['details'], correlationId: string): Result<Call> => ({
  ...{ ok: false, error: 'invalid_request', status: 400, details, correlationId },
  message: 'The request does not fit its contract; see details.',
})
