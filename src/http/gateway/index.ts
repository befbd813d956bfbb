export type {
  Caller,
  CompletedRequest,
  DocsFile,
  GatewayDependencies,
  GatewayMetrics,
  Invocations,
  RateLimitDecision,
  RateLimiter,
  Upstream,
} from './dependencies.ts'
export { createGatewayServer, type GatewayOptions } from './server.ts'
