import { correlate, type Log, traceIdOf } from '../../kernel/index.ts'
import type { Step } from '../exchange.ts'

/** Gives a request its correlation id, its trace and its log; marks the first one of this process as cold. */
export function correlation({ log, revision = 'dev' }: { log: Log; revision?: string }): Step {
  let cold = true
  return function correlation(request, response, next) {
    const ids = correlate(request.get('x-correlation-id'), request.get('traceparent'))
    const { locals } = response
    locals.correlation = ids
    locals.log = log.child({ correlationId: ids.correlationId, traceId: traceIdOf(ids.traceparent) })
    locals.cold = cold
    response.setHeader('x-correlation-id', ids.correlationId)
    response.setHeader('ebb-revision', revision)
    if (cold) response.setHeader('ebb-cold', 'true')
    cold = false
    next()
  }
}
