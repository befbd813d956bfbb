export type { Admission, AdmissionRequest, Meter, Plans, RateLimitDecision, RateLimiter } from './admission.ts'
export type {
  Authenticated,
  Authenticators,
  Caller,
  CompletedRequest,
  Credential,
  DocsFile,
  GatewayDependencies,
  GatewayMetrics,
  Invocations,
  OwnKeys,
  PresentedToken,
  Upstream,
} from './dependencies.ts'
export { createGatewayServer, type GatewayOptions } from './server.ts'
