export { type RouteAttributes, setRouteAttributes } from './http-attributes.ts'
export { activeTraceparent, continueTrace, recordSendSpan, withProcessSpan } from './message-spans.ts'
export { POSTGRES_CHANNEL, type Statement } from './store-spans.ts'
export { startTelemetry, type Telemetry } from './telemetry.ts'
