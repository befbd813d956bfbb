import type { AdminEndpoint } from './admin-endpoint.ts'
import { listAlerts } from './alerts.ts'
import { purgeCache } from './cache.ts'
import { abortCanary, listCanaries, promoteCanary, startCanary } from './canaries.ts'
import { listChecks, runCheck } from './checks.ts'
import { showContractUsage } from './contract-usage.ts'
import { diffContracts, readContractsData, showContracts } from './contracts.ts'
import { readCost, readWhatIf } from './cost.ts'
import {
  countWaiting,
  dropEvents,
  editDelivery,
  listDead,
  listEvents,
  listUnarchived,
  readDay,
  readDeliveryData,
  readEventData,
  recordArchived,
  redriveEvents,
  showEvent,
} from './events.ts'
import { explainRequest } from './explain.ts'
import {
  listBreakers,
  listFunctions,
  listRoutes,
  readMetrics,
  resetBreaker,
  setLogLevel,
  showLogLevel,
} from './gateway.ts'
import { cancelInvocation, listInvocations, showInvocation } from './invocations.ts'
import { listIssuers, refreshIssuers } from './issuers.ts'
import { createKey, listKeys, revokeKey, rotateKey } from './keys.ts'
import { listMails, readMailHtml, showMail } from './mails.ts'
import { listPlans, listTenantPlans, setTenantPlan, unsetTenantPlan } from './plans.ts'
import { profileFunction } from './profiles.ts'
import { listAudit, listUsage } from './records.ts'
import { followRequests, listRequests, showTraffic } from './requests.ts'
import { listSchedules, runSchedule } from './schedules.ts'
import { readOpenapi, sendRequest } from './send.ts'
import { beginSession, createSessionKey, endSession, showSession } from './session.ts'
import { listGateways, listSettings } from './settings.ts'
import { explainId, listTraces, showTrace } from './traces.ts'

const ENDPOINTS = [
  ...[listRoutes, explainRequest, showContracts, readContractsData, diffContracts, listFunctions, readMetrics],
  ...[listAlerts],
  ...[listBreakers, resetBreaker, showLogLevel, setLogLevel, purgeCache],
  ...[listKeys, createKey, rotateKey, revokeKey],
  ...[listPlans, listTenantPlans, setTenantPlan, unsetTenantPlan],
  ...[listUsage, listAudit],
  ...[readCost, readWhatIf],
  ...[listEvents, countWaiting, listUnarchived, readDay, recordArchived],
  ...[listDead, readDeliveryData],
  ...[showEvent, readEventData, editDelivery, dropEvents, redriveEvents],
  ...[listSchedules, runSchedule],
  ...[listChecks, runCheck, showContractUsage, profileFunction],
  ...[listCanaries, startCanary, abortCanary, promoteCanary],
  ...[listIssuers, refreshIssuers],
  ...[listInvocations, showInvocation, cancelInvocation],
  ...[listSettings, listGateways],
  ...[listRequests, followRequests, showTraffic],
  ...[showSession, beginSession, endSession, createSessionKey],
  ...[listTraces, showTrace, explainId],
  ...[readOpenapi, sendRequest],
  ...[listMails, showMail, readMailHtml],
]

/** All endpoints of the admin API: the one list. */
export const ADMIN_ENDPOINTS: readonly AdminEndpoint[] = ENDPOINTS

/** Each of them by its own type, for who calls them by name. */
export type AdminEndpoints = { readonly [E in (typeof ENDPOINTS)[number] as E['name']]: E }
