export { startInfo } from '../start/start-info.ts'
export { type BoundedMap, createBoundedMap, getOrCreate } from './bounded-map.ts'
export { type Charge, holderOf } from './charge.ts'
export {
  type Config,
  clearEnv,
  inheritedEnv,
  inheritedEnvByPrefix,
  isSecretSetting,
  liveSetting,
  overrideConfig,
  parseConfig,
  processConfig,
  readSecrets,
  requireSetting,
  secretFingerprints,
  sourceOf,
} from './config.ts'
export { ConfigError } from './config-error.ts'
export { type Correlation, traceIdOf } from './correlation.ts'
export type { Delegated } from './delegated.ts'
export { findSimilar } from './find-similar.ts'
export { freePassedBytes } from './free-passed-bytes.ts'
export {
  createInstanceAccount,
  type InstanceAccount,
  type InstanceUse,
  type RecordedInstance,
} from './instance-account.ts'
export { drain, exit, listenOn, onShutdown, UNCAUGHT_ERROR } from './lifecycle.ts'
export { fixedValue, type LiveValue, type Reload, readReloads } from './live-value.ts'
export { createLog, type Log, logReady, type ServiceLog } from './log.ts'
export type { Policy, PolicyCaller, PolicyDecision, PolicyObject, PolicyQuestion } from './policy.ts'
export { containsSecret, isSecretText, redactSecrets, registerSecrets } from './redact.ts'
export {
  type BindContext,
  type PolicyRequest,
  type PolicyResource,
  type Resource,
  type ResourceContract,
  rejectLateCall,
  type TransactionalResource,
} from './resource.ts'
export { type LineRules, type RowLines, TO_LINES } from './row-lines.ts'
export { runService } from './run-service.ts'
export { HIDDEN_SECRET, Secret } from './secret.ts'
export { SETTINGS, type Setting } from './settings.ts'
export { restrictToStores, STORES, type Store } from './stores.ts'
export type {
  Claim,
  ClaimResult,
  Effect,
  EventKey,
  OutgoingEvent,
  StoredHeaders,
  StoredResponse,
  Transaction,
  TransactionOptions,
  TransactionWork,
  UnitOfWork,
} from './unit-of-work.ts'
export { VERSION } from './version.ts'
