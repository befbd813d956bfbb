import { Problem } from 'ebb/contract'
import type { Log } from 'ebb/kernel'
import type { FunctionsView } from 'ebb/protocol'
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import type { Registry } from 'prom-client'
import { toProblem } from '../../../src/data/postgres/database-error.ts'
import { problems } from '../../../src/http/middleware/problems.ts'
import type { ObservedFunctions } from '../observed-functions.ts'
import { type AccessOptions, refuseForeignPages, requireAdminKey } from './access.ts'
import { type AuditOptions, createAuditRouter } from './audit.ts'
import { type CacheOptions, createCacheRouter } from './cache.ts'
import { createEventsRouter, type EventsOptions } from './events.ts'
import { createIssuersRouter, type IssuersOptions } from './issuers.ts'
import { createKeysRouter, type KeysOptions } from './keys.ts'
import { createPlansRouter, type PlansOptions } from './plans.ts'
import { createUsageRouter, type UsageOptions } from './usage.ts'

export interface AdminAppOptions
  extends AccessOptions,
    AuditOptions,
    CacheOptions,
    EventsOptions,
    KeysOptions,
    IssuersOptions,
    PlansOptions,
    UsageOptions {
  readonly registry: Pick<Registry, 'metrics' | 'contentType'>
  readonly functions: FunctionsView | ObservedFunctions['view']
  readonly log: Log
}

/** Creates the operators' side of the gateway, as an Express app for a port of its own. */
export function createAdminApp({ registry, functions, log, ...options }: AdminAppOptions): Express {
  const app = express().disable('x-powered-by').disable('etag')
  app.use(refuseForeignPages(options))
  app.get('/metrics', serveMetrics(registry))
  app.get('/v1/functions', serveFunctions(functions))
  app.use('/v1', requireAdminKey(options))
  app.use('/v1/audit', createAuditRouter(options))
  app.use('/v1/cache', createCacheRouter(options))
  app.use('/v1/events', createEventsRouter(options))
  app.use('/v1/keys', createKeysRouter(options))
  app.use('/v1/usage', createUsageRouter(options))
  app.use('/v1/issuers', createIssuersRouter(options))
  app.use('/v1/plans', createPlansRouter(options))
  app.use(() => {
    throw new Problem('not_found', 404, 'There is nothing at this path.')
  })
  app.use(translateDatabaseError, problems({ log }))
  return app
}

/** GET /metrics, for Prometheus. */
function serveMetrics(registry: AdminAppOptions['registry']): RequestHandler {
  return async function metrics(_request, response) {
    response.set('content-type', registry.contentType).end(await registry.metrics())
  }
}

/** GET /v1/functions: which functions run, in how many instances, and how often each was started, as far as is known here. */
function serveFunctions(view: AdminAppOptions['functions']): RequestHandler {
  return async function functions(_request, response) {
    response.json(await view())
  }
}

const translateDatabaseError: ErrorRequestHandler = (error, _request, _response, next) => next(toProblem(error))
