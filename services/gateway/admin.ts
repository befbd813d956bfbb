import { type ContractSet, Problem } from 'ebb/contract'
import type { FunctionsView, Log } from 'ebb/kernel'
import express, { type ErrorRequestHandler, type Express } from 'express'
import type pg from 'pg'
import type { Registry } from 'prom-client'
import { toProblem } from '../../src/data/database-fault.ts'
import { problems } from '../../src/http/middleware/problems.ts'
import { events } from './admin/events.ts'
import { functions } from './admin/functions.ts'
import { keys } from './admin/keys.ts'
import { metrics } from './admin/metrics.ts'
import { ownCallers } from './admin/own-callers.ts'
import { requireKey } from './admin/require-key.ts'
import type { FunctionsSeen } from './functions-seen.ts'

export interface AdminOptions {
  readonly adminKey: string
  readonly pepper: string
  readonly pool: pg.Pool
  readonly contracts: () => ContractSet
  readonly registry: Pick<Registry, 'metrics' | 'contentType'>
  readonly functions: FunctionsView | FunctionsSeen['view']
  /** The names by which this port is called, beside its addresses and localhost; any where undefined. */
  readonly hosts: readonly string[] | undefined
  readonly log: Log
}

/** The operators' side of the gateway, as an Express app for a port of its own. */
export function createAdmin(options: AdminOptions): Express {
  const app = express().disable('x-powered-by').disable('etag')
  app.use(ownCallers(options))
  app.get('/metrics', metrics(options))
  app.get('/v1/functions', functions(options))
  app.use('/v1', requireKey(options))
  app.use('/v1/events', events(options))
  app.use('/v1/keys', keys(options))
  app.use(() => {
    throw new Problem('not_found', 404, 'There is nothing at this path.')
  })
  app.use(databaseFaults, problems(options))
  return app
}

const databaseFaults: ErrorRequestHandler = (fault, _request, _response, next) => next(toProblem(fault))
