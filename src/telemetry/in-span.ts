import { SpanKind, trace } from '@opentelemetry/api'
import { endWith } from './end-with.ts'

/** Runs `work` in a span of its own, below the active one; without one where nothing is traced. */
export const inSpan = <Result>(
  name: string,
  kind: 'internal' | 'client',
  work: () => Promise<Result>,
): Promise<Result> =>
  trace.getActiveSpan()?.isRecording()
    ? trace
        .getTracer('ebb')
        .startActiveSpan(name, { kind: kind === 'client' ? SpanKind.CLIENT : SpanKind.INTERNAL }, (span) =>
          endWith(span, work),
        )
    : work()
