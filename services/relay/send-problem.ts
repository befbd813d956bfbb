import type { IncomingMessage, ServerResponse } from 'node:http'
import { Problem } from 'ebb/contract'
import type { Log } from 'ebb/kernel'
import { correlate } from 'ebb/telemetry'
import { problemJson } from '../../src/contract/index.ts'

interface Failed {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly log: Log
}

const INTERNAL_ERROR = new Problem(
  'internal',
  500,
  'Something went wrong here; the correlation id finds it in our logs.',
)

/** Responds with a problem, as everything of Ebb does. What is none is logged, and stays inside. */
export function sendProblem(error: unknown, { request, response, log }: Failed): void {
  const problem = error instanceof Problem ? error : INTERNAL_ERROR
  const { correlationId } = correlate(String(request.headers['x-correlation-id'] ?? ''), undefined)
  if (problem === INTERNAL_ERROR) log.error({ err: error, correlationId }, 'a request to the relay failed')
  const headers = { 'cache-control': 'no-store', ...problem.headers, 'x-correlation-id': correlationId }
  response
    .writeHead(problem.status, { ...headers, 'content-type': 'application/problem+json' })
    .end(problemJson(problem, correlationId))
}
