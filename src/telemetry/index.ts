export { clientAttributes } from './client-attributes.ts'
export { traceOperation, type WithFieldSpan } from './field-spans.ts'
export {
  methodLabel,
  methodName,
  type RouteAttributes,
  setRouteAttributes,
  setTenantAttribute,
} from './http-attributes.ts'
export { inSpan } from './in-span.ts'
export { meterObservers } from './meter-observers.ts'
export { replicaReads } from './replica-reads.ts'
export {
  beginClientSpan,
  beginServerSpan,
  endRequestSpan,
  type RequestSpan,
  traceparentOf,
} from './request-spans.ts'
export { serverAttributes } from './server-attributes.ts'
export { POSTGRES_CHANNEL, type Statement } from './store-spans.ts'
export { startTelemetry, type Telemetry } from './telemetry.ts'
export {
  activeTraceparent,
  continueTrace,
  correlate,
  newTraceparent,
  recordDecision,
  recordSendSpan,
  toCorrelationId,
  wellFormedTraceparent,
  withProcessSpan,
} from './trace-context.ts'
