import { type ContractSet, Problem } from 'ebb/contract'
import type { Log } from 'ebb/kernel'
import type { FunctionsView } from 'ebb/protocol'
import type { ErrorRequestHandler, Express, RequestHandler } from 'express'
import express from 'express'
import type pg from 'pg'
import type { Registry } from 'prom-client'
import { toProblem } from '../../../src/data/postgres/database-error.ts'
import { problems } from '../../../src/http/middleware/problems.ts'
import type { ObservedFunctions } from '../observed-functions.ts'
import { refuseForeignPages, requireAdminKey } from './access.ts'
import { createEventsRouter } from './events.ts'
import { createKeysRouter } from './keys.ts'

export interface AdminAppOptions {
  readonly adminKey: string
  readonly pepper: string
  readonly pool: pg.Pool
  readonly contracts: () => ContractSet
  readonly registry: Pick<Registry, 'metrics' | 'contentType'>
  readonly functions: FunctionsView | ObservedFunctions['view']
  /** The names by which this port is called, beside its addresses and localhost; any where undefined. */
  readonly hosts: readonly string[] | undefined
  readonly log: Log
}

/** The operators' side of the gateway, as an Express app for a port of its own. */
export function createAdminApp(options: AdminAppOptions): Express {
  const app = express().disable('x-powered-by').disable('etag')
  app.use(refuseForeignPages(options))
  app.get('/metrics', serveMetrics(options))
  app.get('/v1/functions', serveFunctions(options))
  app.use('/v1', requireAdminKey(options))
  app.use('/v1/events', createEventsRouter(options))
  app.use('/v1/keys', createKeysRouter(options))
  app.use(() => {
    throw new Problem('not_found', 404, 'There is nothing at this path.')
  })
  app.use(translateDatabaseError, problems(options))
  return app
}

const translateDatabaseError: ErrorRequestHandler = (fault, _request, _response, next) => next(toProblem(fault))

/** GET /v1/functions: what runs, how many of it and how often it was woken, as far as it can be known here. */
function serveFunctions({ functions: view }: Pick<AdminAppOptions, 'functions'>): RequestHandler {
  return async function functions(_request, response) {
    response.json(await view())
  }
}

/** GET /metrics, for Prometheus. */
function serveMetrics({ registry }: Pick<AdminAppOptions, 'registry'>): RequestHandler {
  return async function metrics(_request, response) {
    response.set('content-type', registry.contentType).end(await registry.metrics())
  }
}
