import { trace } from '@opentelemetry/api'
import { endWith } from './end-with.ts'

/** Runs the look-up of one field in a span of its own, as long as there are not too many of them. */
export type WithFieldSpan = <T>(path: string, endpoint: string, work: () => Promise<T>) => Promise<T>

/** How many look-ups of one operation have a span: it says of the others how many they were. */
const MAX_SPANS = 50

/** Begins the trace of one GraphQL operation (semantic conventions of GraphQL servers), on the active span. */
export function traceOperation(type: string, name: string | undefined): WithFieldSpan {
  const active = trace.getActiveSpan()
  active?.setAttributes({
    'graphql.operation.type': type,
    ...(name === undefined ? {} : { 'graphql.operation.name': name }),
  })
  let count = 0
  return (path, endpoint, work) => {
    count++
    if (!active?.isRecording()) return work()
    if (count > MAX_SPANS) {
      active.setAttribute('ebb.graphql.untraced', count - MAX_SPANS)
      return work()
    }
    const attributes = { 'graphql.field.path': path, 'ebb.endpoint': endpoint }
    return trace.getTracer('ebb').startActiveSpan(`resolve ${path}`, { attributes }, (span) => endWith(span, work))
  }
}
