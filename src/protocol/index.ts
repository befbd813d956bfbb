export { type BatchResponse, type EventFailure, readBatchResponse } from './batch-response.ts'
export {
  assignVariant,
  CHECK_CORRELATION,
  CHECK_SHARE,
  canaryNameOf,
  SHADOW_HEADER,
  VARIANT_HEADER,
  type Variant,
} from './canary/assign-variant.ts'
export type { VariantResponse } from './canary/counts.ts'
export { isCopied } from './canary/is-copied.ts'
export type { ShadowFinding, ShadowOutcome } from './canary/shadow-counts.ts'
export {
  CLOUD_EVENT_BATCH_TYPE,
  CLOUD_EVENT_TYPE,
  contentModeOf,
  invalidEvent,
  isJson,
  type ReceivedCloudEvent,
  readBinary,
  readStructured,
} from './cloud-events/read-event.ts'
export { type CloudEventAttributes, encodeHeader, writeBatch, writeBinaryHeaders } from './cloud-events/write-event.ts'
export { type ContractsFile, type ContractsStatus, loadContracts, openContracts } from './contracts-file.ts'
export {
  CALL_CANCELLED,
  describeInvocation,
  failureOf,
  ownProblemOf,
  STATE_NAMES,
  summarizeInvocation,
} from './describe-invocation.ts'
export type { FunctionStatus, FunctionsView } from './functions-view.ts'
export { callerIdOf } from './identity/caller-id.ts'
export { DELEGATION_HEADER, findDelegated, writeDelegation } from './identity/delegation.ts'
export type { Identity } from './identity/identity.ts'
export { generateIdentityKeys, type IdentityKeys } from './identity/identity.ts'
export {
  createIdentitySigner,
  createIdentitySigners,
  openIdentitySigner,
  type SignIdentity,
  type SignOptions,
} from './identity/sign-identity.ts'
export { isTenant } from './identity/tenant.ts'
export {
  createIdentityVerifier,
  createRefusalLog,
  type IdentityRefusal,
  identityRefusalHeaders,
  openIdentityVerifier,
  readIdentityRefusal,
  withUnknownKey,
} from './identity/verify-identity.ts'
export {
  type CallbackState,
  hasEnded,
  type InvocationResponse,
  type InvocationState,
  type InvocationSummary,
  type NewInvocation,
} from './invocation.ts'
export { GATEWAY_IDENTITY, type JudgementRequest } from './judgement.ts'
export {
  LATEST,
  LATEST_POSITION,
  laterPosition,
  NOWHERE,
  POSITION_HEADER,
  POSITION_SECONDS,
  parsePosition,
} from './position.ts'
export { readAtMost } from './read-at-most.ts'
export { isRetryableStatus, parseRetryAfter, type RetryDelayOptions, retryDelayMs } from './retry.ts'
export { type IssuerSettings, isTrustedUrl, parseIssuers } from './tokens/issuer-settings.ts'
export { createKeySet, type KeySet, type KeySetStatus, type PublishedKeys } from './tokens/key-set.ts'
export { isJwt } from './tokens/read-jwt.ts'
export { createTokenCache } from './tokens/token-cache.ts'
export { TokenError } from './tokens/token-error.ts'
export { PROOF_LIFETIME_MS, verifyProof } from './tokens/verify-proof.ts'
export {
  createTokenVerifier,
  createVerifiedToken,
  type TrustedIssuer,
  type VerifiedToken,
} from './tokens/verify-token.ts'
export { createUpstreamResolver, type UpstreamAddress } from './upstream.ts'
export { FITS_HEADER, isAbsent, toHeaderTexts, toSearch } from './write-request.ts'
