export {
  type Config,
  ConfigFault,
  forget,
  inherited,
  inheritedFrom,
  need,
  parseConfig,
  processConfig,
  readSecrets,
} from './config.ts'
export { type ContractsFile, loadContracts, openContracts } from './contracts-file.ts'
export type { FunctionStatus, FunctionsView } from './functions-view.ts'
export type { Identity } from './identity/identity.ts'
export { generateIdentityKeys, type IdentityKeys } from './identity/identity-keys.ts'
export { createRefusalLog, type Refusal, readRefusal, refusalHeaders } from './identity/identity-refusal.ts'
export { identitySigner, type SignIdentity, type SignOptions } from './identity/identity-signer.ts'
export { identityVerifier } from './identity/identity-verifier.ts'
export { openSigner } from './identity/open-signer.ts'
export type { InvocationState, KeptAnswer, NewInvocation } from './invocation.ts'
export { listenOn } from './listen-on.ts'
export { announce, createLog, type Log } from './log.ts'
export { refuseLate } from './refuse-late.ts'
export type { Lending, Resource, TransactionalResource } from './resource.ts'
export { drain, exit, LEAVING, onShutdown } from './shutdown.ts'
export { started } from './started.ts'
export { STORES, type Store, settingsWithin } from './stores.ts'
export {
  activeTraceparent,
  continueTrace,
  describeRequest,
  POSTGRES_CHANNEL,
  type RequestFacts,
  type Statement,
  spanOfProcessing,
  spanOfSending,
  startTelemetry,
  type Telemetry,
} from './telemetry/index.ts'
export { type Correlation, correlate, traceIdOf } from './trace.ts'
export type {
  Claim,
  Claimed,
  Effect,
  EventKey,
  OutgoingEvent,
  StoredAnswer,
  Transaction,
  TransactionOptions,
  Unit,
  Work,
} from './unit-of-work.ts'
export { openUpstream, type Place } from './upstream.ts'
