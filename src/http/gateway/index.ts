export type { Caller, GatewayMetrics, GatewayPorts, Upstream } from './ports.ts'
export { createGatewayServer, type GatewayOptions } from './server.ts'
