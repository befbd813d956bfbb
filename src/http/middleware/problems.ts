import type { ErrorRequestHandler } from 'express'
import { Problem, problemJson } from '../../contract/index.ts'
import { correlate, type Log } from '../../kernel/index.ts'
import type { Exchange } from '../exchange.ts'
import { endTogether } from '../leave-together.ts'

/** The one place where a fault becomes an answer. What the contract does not foresee is logged, and its text stays inside. */
export function problems({ log: appLog }: { log: Log }): ErrorRequestHandler {
  return function problems(fault: unknown, request, response, _next) {
    const { correlation, log = appLog } = response.locals as Partial<Exchange>
    const problem = toProblem(fault)
    if (problem.status >= 500) log.error({ err: fault, code: problem.code }, 'fault')
    if (response.headersSent || response.destroyed) return void response.destroy()
    const { correlationId } = correlation ?? correlate(request.get('x-correlation-id'), undefined)
    response.status(problem.status)
    for (const [name, value] of Object.entries(problem.headers)) response.setHeader(name, value)
    response.setHeader('x-correlation-id', correlationId)
    response.setHeader('content-type', 'application/problem+json')
    endTogether(response, problemJson(problem, correlationId))
  }
}

function toProblem(fault: unknown): Problem {
  if (fault instanceof Problem) return fault
  const cause = { cause: fault }
  // What Express and its parsers throw at a request that they cannot read.
  const { status } = Object(fault) as { readonly status?: unknown }
  if (status === 400) return new Problem('invalid_request', 400, 'The request is malformed.', cause)
  if (status === 413) return new Problem('payload_too_large', 413, 'The body is too large.', cause)
  if (status === 415) return new Problem('unsupported_media_type', 415, 'Send JSON as UTF-8, and not coded.', cause)
  return new Problem('internal', 500, 'Something went wrong here; the correlation id finds it in our logs.', cause)
}
