export { type ContractsFile, loadContracts, openContracts } from './contracts-file.ts'
export type { FunctionStatus, FunctionsView } from './functions-view.ts'
export { callerIdOf } from './identity/caller-id.ts'
export type { Identity } from './identity/identity.ts'
export { generateIdentityKeys, type IdentityKeys } from './identity/identity.ts'
export {
  createIdentitySigner,
  createIdentitySigners,
  openIdentitySigner,
  type SignIdentity,
  type SignOptions,
} from './identity/sign-identity.ts'
export {
  createIdentityVerifier,
  createRefusalLog,
  type IdentityRefusal,
  identityRefusalHeaders,
  openIdentityVerifier,
  readIdentityRefusal,
  withUnknownKey,
} from './identity/verify-identity.ts'
export type { InvocationResponse, InvocationState, NewInvocation } from './invocation.ts'
export { readAtMost } from './read-at-most.ts'
export { isRetryableStatus, parseRetryAfter, type RetryDelayOptions, retryDelayMs } from './retry.ts'
export { createUpstreamResolver, type UpstreamAddress } from './upstream.ts'
