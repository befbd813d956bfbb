import { correlate, describeRequest, type Log, type RequestFacts, traceIdOf } from '../../kernel/index.ts'
import { headerOf, type Step } from '../exchange.ts'

interface CorrelationOptions {
  readonly log: Log
  /** What the request is, for its span and its metrics. */
  readonly facts: RequestFacts
  readonly revision?: string
}

/** Gives a request its correlation id, its trace and its log; marks the first one of this process as cold. */
export function correlation({ log, facts, revision = 'dev' }: CorrelationOptions): Step {
  let cold = true
  return function correlation(request, response) {
    const ids = correlate(headerOf(request, 'x-correlation-id'), headerOf(request, 'traceparent'))
    const { locals } = response
    describeRequest(request, facts)
    locals.correlation = ids
    locals.log = log.child({ correlationId: ids.correlationId, traceId: traceIdOf(ids.traceparent) })
    locals.cold = cold
    response.setHeader('x-correlation-id', ids.correlationId)
    response.setHeader('ebb-revision', revision)
    if (cold) response.setHeader('ebb-cold', 'true')
    cold = false
  }
}
