import { type Log, traceIdOf } from '../../kernel/index.ts'
import { SHADOW_HEADER } from '../../protocol/canary/assign-variant.ts'
import { correlate, type RouteAttributes, setRouteAttributes } from '../../telemetry/index.ts'
import { headerOf, type Step } from '../context.ts'

interface CorrelationOptions {
  readonly log: Log
  /** For the request's span and metrics. */
  readonly attributes: RouteAttributes
  readonly revision?: string
}

/** Adds correlation id, trace and log to a request; marks the first one of this process as cold. */
export function correlation({ log, attributes, revision = 'dev' }: CorrelationOptions): Step {
  let cold = true
  return function correlation(request, response) {
    const ids = correlate(headerOf(request, 'x-correlation-id'), headerOf(request, 'traceparent'))
    const { locals } = response
    setRouteAttributes(request, attributes)
    locals.correlation = ids
    locals.log = log.child({ correlationId: ids.correlationId, traceId: traceIdOf(ids.traceparent) })
    locals.cold = cold
    response.setHeader('x-correlation-id', ids.correlationId)
    response.setHeader('ebb-revision', revision)
    if (cold) response.setHeader('ebb-cold', 'true')
    cold = false
  }
}

/** Logs one line per request when it is over; status 499 where the caller hung up first. */
export function accessLog({ log: appLog }: { log: Log }): Step {
  // Skips redaction: every field is known here, and none is a secret.
  const log = appLog.child({}, { formatters: { log: (fields) => fields } })
  return function accessLog(request, response) {
    const startedAt = performance.now()
    response.on('close', () => {
      const { correlation, cold, identity, event, batch } = response.locals
      log.info(
        {
          correlationId: correlation.correlationId,
          traceId: traceIdOf(correlation.traceparent),
          route: request.route?.path,
          method: request.method,
          status: response.writableFinished ? response.statusCode : 499,
          durationMs: Math.round(performance.now() - startedAt),
          cold,
          caller: identity?.sub,
          tenant: identity?.tenant,
          ...(request.headers[SHADOW_HEADER] === undefined ? {} : { shadow: true }),
          ...(identity?.via === undefined ? {} : { via: identity.via }),
          ...(event ? { event: event.id, type: event.type, attempt: event.attempt } : {}),
          ...(batch ? { events: batch.length } : {}),
        },
        'request',
      )
    })
  }
}
