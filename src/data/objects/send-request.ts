import { Readable } from 'node:stream'
import { Agent, type Dispatcher } from 'undici'
import { Problem } from '../../contract/index.ts'
import { readAtMost } from '../../protocol/read-at-most.ts'
import type { ObjectAddress } from './object-address.ts'
import { signRequest } from './sign-request.ts'

export interface StoreRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  /** Below the bucket, such as `/0b5c…`; empty for the bucket itself. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | Readable
  /** Joining and copying large objects: the store may answer when it is done. Default: false. */
  readonly isLong?: boolean
  /** Ends it besides its own limit. */
  readonly signal?: AbortSignal
}

export interface StoreResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** At most a mebibyte. */
  readonly text: string
}

/** Sends requests to the object store. Rejects with a 503 where it does not answer, or answers that it cannot. */
export interface SendToStore {
  /** Sends a request, again where that helps and its body is no stream, and reads the response as text. */
  send(request: StoreRequest): Promise<StoreResponse>
  /** Sends a request once; its response is read by the caller, no faster than that reads. */
  stream(
    request: StoreRequest,
  ): Promise<{ readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: Readable }>
  close(): Promise<void>
}

/** How long a store may take to answer, and what it sends or takes may stand still. */
const LIMIT_MS = 5_000
/** To write a large part, or to copy an object, takes longer. */
const IDLE_MS = 30_000
/** The longest request of all; that of a handler ends before. */
const LONG_MS = 600_000
const ATTEMPTS = 3
const MAX_TEXT_BYTES = 1_048_576
const CONNECTIONS = 50

/** Opens the connections to the store, whose address may change while they are used. */
export function openSender(address: () => ObjectAddress): SendToStore {
  const agent = new Agent({
    ...{ connections: CONNECTIONS, connect: { timeout: LIMIT_MS }, headersTimeout: IDLE_MS, bodyTimeout: IDLE_MS },
  })

  async function request({ method, path, query, headers, body, isLong, signal }: StoreRequest, limit?: AbortSignal) {
    const signed = await signRequest(address(), { method, path, ...(query && { query }), ...(headers && { headers }) })
    const ends = [signal, limit].filter((one) => one !== undefined)
    const response = await agent.request({
      ...{ origin: signed.url.origin, path: signed.url.pathname + signed.url.search, method, headers: signed.headers },
      ...(body === undefined ? {} : { body }),
      ...(isLong ? { headersTimeout: LONG_MS } : {}),
      ...(ends.length > 0 ? { signal: AbortSignal.any(ends) } : {}),
    })
    return { status: response.statusCode, headers: flatten(response.headers), body: response.body }
  }

  async function attempt(given: StoreRequest, limit: AbortSignal | undefined): Promise<StoreResponse> {
    const { status, headers, body } = await request(given, limit)
    const { bytes, error } = await readAtMost(body, MAX_TEXT_BYTES)
    if (error) throw error
    return { status, headers, text: Buffer.from(bytes).toString() }
  }

  async function repeat(given: StoreRequest, attempts: number): Promise<StoreResponse> {
    // A body takes as long as it takes; what stands still is ended.
    const limit = given.body === undefined ? AbortSignal.timeout(LIMIT_MS) : undefined
    for (let rest = attempts; ; rest--) {
      const outcome = await attempt(given, limit).catch((error: unknown) => ({ error }))
      given.signal?.throwIfAborted()
      if (!('error' in outcome) && !isUnavailable(outcome.status)) return outcome
      if ('error' in outcome && outcome.error instanceof Problem) throw outcome.error
      if (rest <= 1 || limit?.aborted)
        throw storeUnavailable('error' in outcome ? outcome.error : new Error(describe(given, outcome)))
    }
  }

  return {
    send: (given) => repeat(given, given.body instanceof Readable ? 1 : ATTEMPTS),
    stream: async (given) => {
      const response = await request(given).catch((error: unknown) => {
        given.signal?.throwIfAborted()
        throw error instanceof Problem ? error : storeUnavailable(error)
      })
      if (isUnavailable(response.status)) {
        const { bytes } = await readAtMost(response.body, MAX_TEXT_BYTES)
        throw storeUnavailable(new Error(describe(given, { ...response, text: Buffer.from(bytes).toString() })))
      }
      return response
    },
    close: () => agent.destroy(),
  }
}

/** Sends a request that should succeed: any other answer is an error, whose message is for the log. */
export type SendExpecting = (request: StoreRequest, ...expected: readonly number[]) => Promise<StoreResponse>

/** The header by which a store compares what arrives with what was announced. */
export const checksumOf = (sha256: string | undefined): Readonly<Record<string, string>> =>
  sha256 === undefined ? {} : { 'x-amz-checksum-sha256': Buffer.from(sha256, 'hex').toString('base64') }

/** What it answers to requests that are as they should be, where something is wrong with itself. */
const isUnavailable = (status: number) => status >= 500 || status === 429

/** The 503 of a request while the store does not respond. */
const storeUnavailable = (cause: unknown) =>
  new Problem('unavailable', 503, 'The object store does not respond; retry later.', { cause, retryAfterSeconds: 2 })

/** For the log: a store says in XML what it refuses, and why. */
export const describe = ({ method, path }: StoreRequest, { status, text }: Pick<StoreResponse, 'status' | 'text'>) =>
  `the object store answered ${status} to ${method} ${path}: ${text.slice(0, 500)}`

const flatten = (headers: Dispatcher.ResponseData['headers']): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, [value].flat().join(', ')]],
    ),
  )
