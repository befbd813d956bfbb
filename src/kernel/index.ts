export { startInfo } from '../start/start-info.ts'
export { type BoundedMap, createBoundedMap, getOrCreate } from './bounded-map.ts'
export {
  type Config,
  ConfigError,
  clearEnv,
  inheritedEnv,
  inheritedEnvByPrefix,
  parseConfig,
  processConfig,
  readSecrets,
  requireSetting,
} from './config.ts'
export { drain, exit, listenOn, onShutdown, UNCAUGHT_ERROR } from './lifecycle.ts'
export { createLog, type Log, logReady } from './log.ts'
export {
  type BindContext,
  type Correlation,
  type Resource,
  rejectLateCall,
  restrictToStores,
  STORES,
  type Store,
  type TransactionalResource,
  traceIdOf,
} from './resource.ts'
export { runService } from './run-service.ts'
export type {
  Claim,
  ClaimResult,
  Effect,
  EventKey,
  OutgoingEvent,
  StoredResponse,
  Transaction,
  TransactionOptions,
  TransactionWork,
  UnitOfWork,
} from './unit-of-work.ts'
