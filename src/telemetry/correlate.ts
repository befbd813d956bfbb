import { randomBytes, randomUUID } from 'node:crypto'
import type { Correlation } from '../kernel/index.ts'
import { activeTraceparent } from './message-spans.ts'

const CORRELATION_ID = /^[\w.:-]{8,128}$/
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

/** Keeps a well-formed correlation id and traceparent, the span's own where there is one; makes what is missing or malformed. */
export function correlate(correlationId: string | undefined, traceparent: string | undefined): Correlation {
  return {
    correlationId: correlationId && CORRELATION_ID.test(correlationId) ? correlationId : randomUUID(),
    traceparent: activeTraceparent() ?? (traceparent && TRACEPARENT.test(traceparent) ? traceparent : newTraceparent()),
  }
}

const newTraceparent = () => {
  const random = randomBytes(24).toString('hex')
  return `00-${random.slice(0, 32)}-${random.slice(32)}-01`
}
