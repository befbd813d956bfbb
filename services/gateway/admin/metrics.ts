import type { RequestHandler } from 'express'
import type { AdminOptions } from '../admin.ts'

/** GET /metrics, for Prometheus. */
export function metrics({ registry }: Pick<AdminOptions, 'registry'>): RequestHandler {
  return async function metrics(_request, response) {
    response.set('content-type', registry.contentType).end(await registry.metrics())
  }
}
