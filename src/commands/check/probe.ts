import { randomUUID } from 'node:crypto'

const PROBE_LIMIT_MS = 45_000

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

/** Expects a Problem with one of these statuses, as every refusal of Ebb is. */
export function checkProblem(answer: ProbeResponse, wanted: readonly number[]): Violation {
  const { status, headers } = answer
  if (!wanted.includes(status)) return `it answers ${status} instead of ${wanted.join(' or ')}`
  const type = headers.get('content-type')
  if (!type?.startsWith('application/problem+json')) return `its ${status} is ${type ?? 'untyped'}, no problem+json`
  const { error, message, correlationId, status: told, title, detail } = Object(parseJson(answer.text))
  if (typeof error !== 'string' || typeof message !== 'string' || told !== status)
    return `its ${status} has no status, error and message`
  if (typeof title !== 'string' || detail !== message) return `its ${status} has no title and detail (RFC 9457)`
  if (correlationId !== answer.correlationId) return `its ${status} tells another correlation id than it was sent`
  return checkHeaders(answer)
}

/** Expects the headers that every response carries, and none that must stay inside. */
export function checkHeaders({ headers, correlationId }: ProbeResponse): Violation {
  if (headers.get('x-correlation-id') !== correlationId) return 'it does not give the X-Correlation-Id back'
  const inner = [...headers.keys()].filter((name) => name.startsWith('ebb-') || name === 'x-powered-by')
  if (inner.length > 0) return `it shows ${inner.join(' and ')}`
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
