import { type Log, traceIdOf } from '../../kernel/index.ts'
import type { Step } from '../exchange.ts'

/** One line a request, when it is over; status 499 where the caller hung up first. */
export function accessLog({ log: appLog }: { log: Log }): Step {
  // Each field is known here, and none is a secret.
  const log = appLog.child({}, { formatters: { log: (fields) => fields } })
  return function accessLog(request, response) {
    const startedAt = performance.now()
    response.on('close', () => {
      const { correlation, cold, identity, event } = response.locals
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
          ...(event ? { event: event.id, type: event.type, attempt: event.attempt } : {}),
        },
        'request',
      )
    })
  }
}
