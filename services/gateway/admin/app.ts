import { Problem } from 'ebb/contract'
import type { Log } from 'ebb/kernel'
import express, { type ErrorRequestHandler, type Express } from 'express'
import type pg from 'pg'
import { toProblem } from '../../../src/data/postgres/database-error.ts'
import { problems } from '../../../src/http/middleware/problems.ts'
import { ADMIN_ENDPOINTS } from '../../../src/protocol/admin/index.ts'
import { createConsoleFiles } from '../console/console-files.ts'
import { type AccessOptions, refuseForeignPages, requireAdmin } from './access.ts'
import { createAdminDocument } from './admin-document.ts'
import { type AlertsOptions, alertsOperations } from './alerts.ts'
import { type CacheOptions, cacheOperations } from './cache.ts'
import { type CanariesOptions, canariesOperations } from './canaries.ts'
import { type ChecksOptions, checksOperations } from './checks.ts'
import { type ContractUsageOptions, contractUsageOperations } from './contract-usage.ts'
import { type ContractsOptions, contractsOperations } from './contracts.ts'
import { type ControlOptions, controlOperations } from './control.ts'
import { type CostOptions, costOperations } from './cost.ts'
import { type EventsOptions, eventsOperations } from './events.ts'
import { type InvocationsOptions, invocationsOperations } from './invocations.ts'
import { type IssuersOptions, issuersOperations } from './issuers.ts'
import { type KeysOptions, keysOperations } from './keys.ts'
import { type MailsOptions, mailsOperations } from './mails.ts'
import { expressPath, mountOperation } from './mount-operation.ts'
import type { AdminOperation } from './operation.ts'
import { type PlansOptions, plansOperations } from './plans.ts'
import { type ProfilesOptions, profilesOperations } from './profiles.ts'
import { recordsOperations } from './records.ts'
import { type RequestsOptions, requestsOperations } from './requests.ts'
import { type SchedulesOptions, schedulesOperations } from './schedules.ts'
import { type SendOptions, sendOperations } from './send.ts'
import { type SessionOptions, sessionOperations } from './session.ts'
import { createSessions } from './sessions.ts'
import { type SettingsOptions, settingsOperations } from './settings.ts'
import { type TracesOptions, tracesOperations } from './traces.ts'
import { type ViewsOptions, viewsOperations } from './views.ts'

export type AdminAppOptions = AccessOptions &
  AlertsOptions &
  CacheOptions &
  CanariesOptions &
  ChecksOptions &
  ContractUsageOptions &
  ContractsOptions &
  ControlOptions &
  CostOptions &
  EventsOptions &
  IssuersOptions &
  KeysOptions &
  MailsOptions &
  PlansOptions &
  ProfilesOptions &
  RequestsOptions &
  SchedulesOptions &
  SendOptions &
  InvocationsOptions &
  SettingsOptions &
  TracesOptions &
  ViewsOptions & { readonly pool: pg.Pool; readonly log: Log }

/** Creates the operators' side of the gateway, as an Express app for a port of its own. */
export function createAdminApp(options: AdminAppOptions): Express {
  const app = express().disable('x-powered-by').disable('etag')
  const sessions = createSessions(options)
  const { requireAdmin: requireAdminOf, ...access } = requireAdmin({ ...options, sessions })
  // Before what refuses other sites' pages: a link may lead to it, and it holds nothing that is anyone's.
  if (options.config.EBB_CONSOLE_DIR !== undefined) app.use(createConsoleFiles(options.config.EBB_CONSOLE_DIR))
  app.use(refuseForeignPages(options))
  app.get('/openapi.json', (_request, response) => void response.json(createAdminDocument()))
  const [open, closed] = [true, undefined].map((isOpen) =>
    operationsOf({ ...options, sessions }).filter(({ endpoint }) => endpoint.open === isOpen),
  )
  const mount = (operation: AdminOperation) => {
    const method = operation.endpoint.method.toLowerCase() as Lowercase<typeof operation.endpoint.method>
    app[method](expressPath(operation.endpoint.path), ...mountOperation(operation, { ...options, ...access }))
  }
  open?.forEach(mount)
  app.use('/v1', requireAdminOf)
  closed?.forEach(mount)
  app.use(() => {
    throw new Problem('not_found', 404, 'There is nothing at this path.')
  })
  app.use(translateDatabaseError, problems(options))
  return app
}

/** What each endpoint does, in the order of the one list. Throws where one of them does nothing. */
function operationsOf(options: AdminAppOptions & SessionOptions): readonly AdminOperation[] {
  const operations = [
    ...viewsOperations(options),
    ...alertsOperations(options),
    ...contractsOperations(options),
    ...controlOperations(options),
    ...cacheOperations(options),
    ...keysOperations(options),
    ...plansOperations(options),
    ...recordsOperations(options),
    ...costOperations(options),
    ...eventsOperations(options),
    ...schedulesOperations(options),
    ...checksOperations(options),
    ...canariesOperations(options),
    ...contractUsageOperations(options),
    ...profilesOperations(options),
    ...issuersOperations(options),
    ...requestsOperations(options),
    ...invocationsOperations(options),
    ...settingsOperations(options),
    ...sessionOperations(options),
    ...tracesOperations(options),
    ...sendOperations(options),
    ...mailsOperations(options),
  ]
  return ADMIN_ENDPOINTS.map((endpoint) => {
    const found = operations.find((operation) => operation.endpoint === endpoint)
    if (!found) throw new Error(`nothing answers ${endpoint.name} of the admin API`)
    return found
  })
}

const translateDatabaseError: ErrorRequestHandler = (error, _request, _response, next) => next(toProblem(error))
