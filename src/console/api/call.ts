import { ApiError } from './api-error.ts'
import type { OperationName, ReplyOf, RequestOf } from './operations.ts'

/** The build writes them here: the method and path of each operation. */
declare const ADMIN_OPERATIONS: Readonly<Record<string, readonly [method: string, path: string]>>

/** Calls an operation of the admin API. Throws an ApiError. */
export async function call<Name extends OperationName>(
  name: Name,
  request: RequestOf<Name>,
  { signal, authorization }: Omit<SendOptions, 'body'> = {},
): Promise<ReplyOf<Name>> {
  const [method, path] = ADMIN_OPERATIONS[name] ?? ['GET', '/']
  // Each part is there where the operation takes it.
  const { params = {}, query = {}, body } = request as AnyRequest
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, key: string) => encodeURIComponent(params[key] ?? ''))
  const response = await send(method, filled + queryOf(query), { body, signal, authorization })
  const text = await response.text()
  // The page and the admin API have the same version.
  return (isJson(response) ? JSON.parse(text) : text || undefined) as ReplyOf<Name>
}

interface AnyRequest {
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string | undefined>>
  readonly body?: unknown
}

interface SendOptions {
  readonly body?: unknown
  readonly signal?: AbortSignal | undefined
  /** In place of this browser's session. */
  readonly authorization?: string | undefined
}

/** Sends a request to the admin API, as whoever is logged in. Throws an ApiError where it is refused. */
export async function send(
  method: string,
  path: string,
  { body, signal, authorization }: SendOptions = {},
): Promise<Response> {
  const response = await fetch(path, {
    method,
    credentials: 'same-origin',
    headers: {
      ...(authorization === undefined ? {} : { authorization }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  }).catch((cause: unknown) => {
    if (signal?.aborted) throw cause
    throw new ApiError(0, { message: 'The gateway does not answer; this page tries again.' }, { cause })
  })
  if (response.ok) return response
  if (response.status === 401 && authorization === undefined) for (const listener of refused) listener()
  throw new ApiError(response.status, await response.json().catch(() => ({})))
}

const refused = new Set<() => void>()

/** Calls back whenever the admin API does not know who asks: the session is over. Returns what ends it. */
export function onRefused(listener: () => void): () => void {
  refused.add(listener)
  return () => refused.delete(listener)
}

const isJson = (response: Response) => (response.headers.get('content-type') ?? '').includes('json')

/** The query of these values; those that are undefined or empty are left out. */
export function queryOf(values: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(values).filter((entry): entry is [string, string] => Boolean(entry[1]))
  return given.length > 0 ? `?${new URLSearchParams(given)}` : ''
}
