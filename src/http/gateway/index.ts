export type {
  Allowance,
  AnsweredRequest,
  Caller,
  DocsFile,
  GatewayMetrics,
  GatewayPorts,
  Invocations,
  RateLimiter,
  Upstream,
} from './ports.ts'
export { createGatewayServer, type GatewayOptions } from './server.ts'
