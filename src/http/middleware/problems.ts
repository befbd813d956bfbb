import type { ErrorRequestHandler } from 'express'
import { Problem, problemJson } from '../../contract/index.ts'
import { type Log, redactSecrets, startInfo } from '../../kernel/index.ts'
import { correlate } from '../../telemetry/index.ts'
import { endInBatch } from '../batch-responses.ts'
import type { RequestContext } from '../context.ts'
import { oncePerSecond } from '../throttle-log.ts'

interface ProblemsOptions {
  readonly log: Log
  /** Whether a 500 includes its cause; default: false. */
  readonly showErrors?: boolean | undefined
}

/**
 * The one place where an error becomes a response. What the contract does not declare is logged, and its text stays inside.
 * Overload (503) and deadlines (504) are logged at most once a second: to log each, with its stack, would cost more than to
 * serve it.
 */
export function problems({ log: appLog, showErrors = false }: ProblemsOptions): ErrorRequestHandler {
  const logOverload = oncePerSecond((times: number, log: Log, problem: Problem) =>
    log.error({ err: problem, code: problem.code, times }, 'request failed'),
  )
  return function problems(error: unknown, request, response, _next) {
    const { correlation, log = appLog } = response.locals as Partial<RequestContext>
    const problem = toProblem(error, showErrors)
    if (problem.status === 503 || problem.status === 504) logOverload(log, problem)
    else if (problem.status >= 500) log.error({ err: error, code: problem.code }, 'request failed')
    if (response.headersSent || response.destroyed) return void response.destroy()
    const { correlationId } = correlation ?? correlate(request.get('x-correlation-id'), undefined)
    response.status(problem.status)
    for (const [name, value] of Object.entries(problem.headers)) response.setHeader(name, value)
    response.setHeader('x-correlation-id', correlationId)
    response.setHeader('content-type', 'application/problem+json')
    endInBatch(response, redactSecrets(problemJson(problem, correlationId)))
  }
}

function toProblem(error: unknown, showErrors: boolean): Problem {
  if (error instanceof Problem) return error
  const cause = { cause: error }
  // Express and its parsers throw these for a request that they cannot read.
  const { status } = Object(error) as { readonly status?: unknown }
  if (status === 400) return new Problem('invalid_request', 400, 'The request is malformed.', cause)
  if (status === 413) return new Problem('payload_too_large', 413, 'The body is too large.', cause)
  if (status === 415)
    return new Problem('unsupported_media_type', 415, 'Send JSON as UTF-8, without Content-Encoding.', cause)
  const details = showErrors ? [{ path: 'cause', message: describeError(error) }] : []
  const message = 'Something went wrong here; the correlation id finds it in our logs.'
  return new Problem('internal', 500, message, { ...cause, details })
}

/** An error's message, and the first line of its stack that is in the handler's own sources. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : (JSON.stringify(error) ?? String(error))
  const stack = error.stack ?? ''
  const place = /\b(functions|domain)\/[^\s():]+:\d+/.exec(startInfo()?.mapStack(stack) ?? stack)?.[0]
  return `${error.name}: ${error.message}${place ? ` (${place})` : ''}`
}
