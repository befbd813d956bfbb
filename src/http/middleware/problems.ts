import type { ErrorRequestHandler } from 'express'
import { Problem, problemJson } from '../../contract/index.ts'
import { type Log, startInfo } from '../../kernel/index.ts'
import { correlate } from '../../telemetry/index.ts'
import { endInBatch } from '../batch-responses.ts'
import type { RequestContext } from '../context.ts'
import { oncePerSecond } from '../throttle-log.ts'

interface ProblemsOptions {
  readonly log: Log
  /** Whether a 500 tells its cause. */
  readonly showErrors?: boolean | undefined
}

/**
 * The one place where a fault becomes an answer. What the contract does not foresee is logged, and its text stays inside.
 * Refusals of an overloaded function, and times that are over, are logged once a second: to tell of each, with its stack,
 * would cost more than to serve it.
 */
export function problems({ log: appLog, showErrors = false }: ProblemsOptions): ErrorRequestHandler {
  const logBusy = oncePerSecond((times: number, log: Log, problem: Problem) =>
    log.error({ err: problem, code: problem.code, times }, 'fault'),
  )
  return function problems(fault: unknown, request, response, _next) {
    const { correlation, log = appLog } = response.locals as Partial<RequestContext>
    const problem = toProblem(fault, showErrors)
    if (problem.status === 503 || problem.status === 504) logBusy(log, problem)
    else if (problem.status >= 500) log.error({ err: fault, code: problem.code }, 'fault')
    if (response.headersSent || response.destroyed) return void response.destroy()
    const { correlationId } = correlation ?? correlate(request.get('x-correlation-id'), undefined)
    response.status(problem.status)
    for (const [name, value] of Object.entries(problem.headers)) response.setHeader(name, value)
    response.setHeader('x-correlation-id', correlationId)
    response.setHeader('content-type', 'application/problem+json')
    endInBatch(response, problemJson(problem, correlationId))
  }
}

function toProblem(fault: unknown, showFaults: boolean): Problem {
  if (fault instanceof Problem) return fault
  const cause = { cause: fault }
  // What Express and its parsers throw at a request that they cannot read.
  const { status } = Object(fault) as { readonly status?: unknown }
  if (status === 400) return new Problem('invalid_request', 400, 'The request is malformed.', cause)
  if (status === 413) return new Problem('payload_too_large', 413, 'The body is too large.', cause)
  if (status === 415) return new Problem('unsupported_media_type', 415, 'Send JSON as UTF-8, and not coded.', cause)
  const details = showFaults ? [{ path: 'cause', message: describeError(fault) }] : []
  const message = 'Something went wrong here; the correlation id finds it in our logs.'
  return new Problem('internal', 500, message, { ...cause, details })
}

/** What a fault says, and the first place of a handler's own sources where it was. */
function describeError(fault: unknown): string {
  if (!(fault instanceof Error)) return typeof fault === 'string' ? fault : (JSON.stringify(fault) ?? String(fault))
  const stack = fault.stack ?? ''
  const place = /\b(functions|domain)\/[^\s():]+:\d+/.exec(startInfo()?.mapStack(stack) ?? stack)?.[0]
  return `${fault.name}: ${fault.message}${place ? ` (${place})` : ''}`
}
