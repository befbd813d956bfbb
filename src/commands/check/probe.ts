import { randomUUID } from 'node:crypto'

const PROBE_LIMIT_MS = 45_000

/** A request that `ebb check` makes of a deployed Ebb. */
export interface ProbeRequest {
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** A response, and the correlation id that it has to carry. */
export interface ProbeResponse {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The id that the request was sent with. */
  readonly correlationId: string
}

/** Sends one request of `ebb check` and reads the whole response. */
export type Send = (request: ProbeRequest) => Promise<ProbeResponse>

/** Creates a client for one Ebb that sends each request with its own correlation id and follows no redirect. */
export function createProbe(url: string): Send {
  return async ({ method, target, headers = {}, body }) => {
    const correlationId = `ebb-check-${randomUUID()}`
    const response = await fetch(new URL(target, url), {
      ...{ method, redirect: 'manual', signal: AbortSignal.timeout(PROBE_LIMIT_MS) },
      headers: { 'x-correlation-id': correlationId, ...headers },
      ...(body === undefined ? {} : { body }),
    })
    return { status: response.status, headers: response.headers, text: await response.text(), correlationId }
  }
}

/** What is wrong with a response, in one sentence; undefined if nothing is. */
export type Violation = string | undefined

/** One thing that `ebb check` verifies, by one or more requests. */
export interface Check {
  readonly name: string
  run(): Promise<Violation>
}

/** Expects a Problem with one of these statuses, as every refusal of Ebb is. */
export function checkProblem(response: ProbeResponse, expected: readonly number[]): Violation {
  const { status, headers } = response
  if (!expected.includes(status)) return `it answers ${status} instead of ${expected.join(' or ')}`
  const type = headers.get('content-type')
  if (!type?.startsWith('application/problem+json')) return `its ${status} is ${type ?? 'untyped'}, not problem+json`
  const { error, message, correlationId, status: ownStatus, title, detail } = Object(parseJson(response.text))
  if (typeof error !== 'string' || typeof message !== 'string' || ownStatus !== status)
    return `its ${status} has no status, error and message`
  if (typeof title !== 'string' || detail !== message) return `its ${status} has no title and detail (RFC 9457)`
  if (correlationId !== response.correlationId) return `its ${status} has another correlation id than it was sent`
  return checkHeaders(response)
}

/** Expects the headers that every response carries, and none that must stay inside. */
export function checkHeaders({ headers, correlationId }: ProbeResponse): Violation {
  if (headers.get('x-correlation-id') !== correlationId) return 'it does not return the X-Correlation-Id'
  const internal = [...headers.keys()].filter((name) => name.startsWith('ebb-') || name === 'x-powered-by')
  if (internal.length > 0) return `it exposes ${internal.join(' and ')}`
  if (headers.has('access-control-allow-credentials')) return 'it lets pages send credentials'
  return undefined
}

/** Parses JSON; undefined if it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
