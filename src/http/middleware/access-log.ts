import type { Step } from '../exchange.ts'

/** One line a request, when it is over; status 499 where the caller hung up first. */
export function accessLog(): Step {
  return function accessLog(request, response, next) {
    const startedAt = performance.now()
    response.once('close', () => {
      const { log, cold, identity, event } = response.locals
      log.info(
        {
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
    next()
  }
}
