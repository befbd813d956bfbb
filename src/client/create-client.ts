import type { Call, CallOptions, Client, ClientOptions, NoResponse, Refusal, Result } from './call.ts'
import type { Callable, CallsOf } from './calls-of.ts'
import { readResponse } from './read-response.ts'
import { createDeadline, withRetries } from './retry.ts'
import { type HttpRequest, type RawCall, toRequest } from './to-request.ts'

/**
 * Makes a client of contracts, one method each, typed by them; needs `fetch` and `crypto` and nothing else. A call never
 * throws because of the network or the server. Throws a TypeError for a `baseUrl` that is none.
 */
export function createClient<const Contracts extends Readonly<Record<string, Callable>>>(
  contracts: Contracts,
  options: ClientOptions,
): Client<CallsOf<Contracts>> {
  const settings = resolveOptions(options)
  const methods = Object.entries<Callable>(contracts).map(([name, contract]) => [
    name,
    (call: RawCall & CallOptions = {}) => callEndpoint(contract, call, settings),
  ])
  // What each contract sends and gets is known to its types alone; at run time all calls are alike.
  return Object.fromEntries(methods) as Client<CallsOf<Contracts>>
}

type Settings = ReturnType<typeof resolveOptions>

function resolveOptions({
  baseUrl,
  key,
  retries = 3,
  timeoutMs = 60_000,
  minDelayMs = 200,
  maxDelayMs = 5_000,
  // Looked up at each call, and called as the global's own, which browsers insist on.
  fetch = (url, init) => globalThis.fetch(url, init),
}: ClientOptions) {
  return { baseUrl: checkBaseUrl(baseUrl), key, retries, timeoutMs, minDelayMs, maxDelayMs, fetch }
}

function checkBaseUrl(baseUrl: string): string {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash) {
    throw new TypeError(`baseUrl "${baseUrl}" must be an http or https address without query`)
  }
  return baseUrl.replace(/[/?#]+$/, '')
}

async function callEndpoint(contract: Callable, call: RawCall & CallOptions, settings: Settings) {
  const { baseUrl, key, retries, minDelayMs, maxDelayMs } = settings
  const { signal: ended, timeoutMs = settings.timeoutMs, correlationId = crypto.randomUUID() } = call
  const request = toRequest(contract, call, { baseUrl, key, correlationId })
  if ('faults' in request) return createInvalidRequest(request.faults, correlationId)
  const deadline = Date.now() + timeoutMs
  const { signal, done } = createDeadline(timeoutMs, ended)
  const attempt = () => attemptOnce(contract, request, { ...settings, signal, ended, timeoutMs, correlationId })
  return withRetries(contract, attempt, { retries, minDelayMs, maxDelayMs, deadline, signal }).finally(done)
}

interface AttemptOptions extends Pick<Settings, 'fetch' | 'timeoutMs'> {
  readonly signal: AbortSignal
  /** The caller's own part of `signal`. */
  readonly ended: AbortSignal | undefined
  readonly correlationId: string
}

async function attemptOnce(
  contract: Callable,
  { url, init }: HttpRequest,
  { fetch, signal, ended, timeoutMs, correlationId }: AttemptOptions,
): Promise<Result<Call>> {
  try {
    signal.throwIfAborted()
    return await readResponse(contract, await fetch(url, { ...init, signal }), { correlationId })
  } catch (cause) {
    const silence = (error: NoResponse['error'], message: string): NoResponse => ({
      ...{ ok: false, error, message, correlationId, details: [], cause },
    })
    if (ended?.aborted) return silence('aborted', 'The call was aborted.')
    if (signal.aborted) return silence('timeout', `No answer came within ${timeoutMs} ms.`)
    return silence('network', `${contract.name} could not be reached, or the connection broke.`)
  }
}

/** What the gateway would answer, without asking it. */
const createInvalidRequest = (details: Refusal<string, number>['details'], correlationId: string): Result<Call> => ({
  ...{ ok: false, error: 'invalid_request', status: 400, details, correlationId },
  message: 'The request does not fit its contract; see details.',
})
