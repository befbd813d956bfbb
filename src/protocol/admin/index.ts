import type { AdminEndpoint } from './admin-endpoint.ts'
import { purgeCache } from './cache.ts'
import { listChecks, runCheck } from './checks.ts'
import { showContractUsage } from './contract-usage.ts'
import {
  countWaiting,
  dropEvents,
  editDelivery,
  listEvents,
  listUnarchived,
  readDay,
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
  showContracts,
  showLogLevel,
} from './gateway.ts'
import { listIssuers, refreshIssuers } from './issuers.ts'
import { createKey, listKeys, revokeKey, rotateKey } from './keys.ts'
import { listPlans, listTenantPlans, setTenantPlan, unsetTenantPlan } from './plans.ts'
import { profileFunction } from './profiles.ts'
import { listAudit, listUsage } from './records.ts'
import { listSchedules, runSchedule } from './schedules.ts'

/** All endpoints of the admin API: the one list. */
export const ADMIN_ENDPOINTS: readonly AdminEndpoint[] = [
  ...[listRoutes, explainRequest, showContracts, listFunctions, readMetrics],
  ...[listBreakers, resetBreaker, showLogLevel, setLogLevel, purgeCache],
  ...[listKeys, createKey, rotateKey, revokeKey],
  ...[listPlans, listTenantPlans, setTenantPlan, unsetTenantPlan],
  ...[listUsage, listAudit],
  ...[listEvents, countWaiting, listUnarchived, readDay, recordArchived],
  ...[showEvent, readEventData, editDelivery, dropEvents, redriveEvents],
  ...[listSchedules, runSchedule],
  ...[listChecks, runCheck, showContractUsage, profileFunction],
  ...[listIssuers, refreshIssuers],
]
