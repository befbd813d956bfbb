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
  RateLimitDecision,
  RateLimiter,
  Upstream,
} from './dependencies.ts'
export { createGatewayServer, type GatewayOptions } from './server.ts'
