export { describeRequest, type RequestFacts } from './request-facts.ts'
export { activeTraceparent, continueTrace, spanOfProcessing, spanOfSending } from './spans.ts'
export { POSTGRES_CHANNEL, type Statement } from './store-spans.ts'
export { startTelemetry, type Telemetry } from './telemetry.ts'
