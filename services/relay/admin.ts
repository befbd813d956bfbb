import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { Problem, problemJson } from 'ebb/contract'
import { correlate, type Log } from 'ebb/kernel'

export interface AdminOptions {
  readonly isReady: () => boolean
  readonly isAlive: () => boolean
  readonly metrics: { readonly contentType: string; text(): Promise<string> }
  readonly log: Log
}

interface Answer {
  readonly contentType: string
  readonly body: string
}

/** The operators' side of the relay, for a port of its own: `/_/health`, `/_/ready` and `/metrics`. */
export function createAdmin({ isReady, isAlive, metrics, log }: AdminOptions): RequestListener {
  const paths = new Map<string, () => Answer | Promise<Answer>>([
    ['/_/health', () => (isAlive() ? OK : refuse(STUCK))],
    ['/_/ready', () => (isReady() ? OK : refuse(NOT_READY))],
    ['/metrics', async () => ({ contentType: metrics.contentType, body: await metrics.text() })],
  ])
  const answerTo = async ({ method, url = '' }: IncomingMessage): Promise<Answer> => {
    const answer = paths.get(url.split('?', 1)[0] ?? '')
    if (!answer) return refuse(NOT_FOUND)
    return method === 'GET' || method === 'HEAD' ? answer() : refuse(NOT_ALLOWED)
  }
  return function admin(request, response) {
    answerTo(request).then(
      ({ contentType, body }) => response.writeHead(200, { ...NOT_KEPT, 'content-type': contentType }).end(body),
      (fault: unknown) => sendProblem(fault, { request, response, log }),
    )
  }
}

const OK: Answer = { contentType: 'application/json', body: '{"status":"ok"}' }
const NOT_KEPT = { 'cache-control': 'no-store' }
const NOT_READY = new Problem('unavailable', 503, 'The relay makes no calls now: it cannot work with the database.', {
  retryAfterSeconds: 2,
})
const STUCK = new Problem('unavailable', 503, 'The relay hangs, and is to be started again.', { retryAfterSeconds: 2 })
const NOT_FOUND = new Problem('not_found', 404, 'There is nothing at this path.')
const NOT_ALLOWED = new Problem('method_not_allowed', 405, 'This can only be read.', {
  headers: { allow: 'GET, HEAD' },
})
const FAULT = new Problem('internal', 500, 'Something went wrong here; the correlation id finds it in our logs.')

function refuse(problem: Problem): never {
  throw problem
}

function sendProblem(
  fault: unknown,
  {
    request,
    response,
    log,
  }: { readonly request: IncomingMessage; readonly response: ServerResponse; readonly log: Log },
) {
  const problem = fault instanceof Problem ? fault : FAULT
  const { correlationId } = correlate(String(request.headers['x-correlation-id'] ?? ''), undefined)
  if (problem === FAULT) log.error({ err: fault, correlationId }, 'fault')
  const headers = { ...NOT_KEPT, ...problem.headers, 'x-correlation-id': correlationId }
  response
    .writeHead(problem.status, { ...headers, 'content-type': 'application/problem+json' })
    .end(problemJson(problem, correlationId))
}
