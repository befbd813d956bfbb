export { type RouteAttributes, setRouteAttributes, setTenantAttribute } from './http-attributes.ts'
export { POSTGRES_CHANNEL, type Statement } from './store-spans.ts'
export { startTelemetry, type Telemetry } from './telemetry.ts'
export {
  activeTraceparent,
  continueTrace,
  correlate,
  recordDecision,
  recordSendSpan,
  withProcessSpan,
} from './trace-context.ts'
