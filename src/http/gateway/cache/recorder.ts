import type { ResponseHeaders, ResponseSink } from '../upstream/upstream-request.ts'

/** What becomes of a response that has begun. */
export type Course =
  /** It goes on to the caller alone. */
  | 'pass'
  /** It goes on, and is kept as well. */
  | 'copy'
  /** It is kept, and answered with when it is complete. */
  | 'keep'
  /** What it brings besides its fields is of no use. */
  | 'drop'

interface RecorderOptions {
  /** Decides about a response; for a copy, what the caller gets in place of its status and its fields. */
  readonly onStart: (status: number, headers: ResponseHeaders) => Course
  /** What goes on to the caller; undefined where nobody waits. Called when it is needed. */
  readonly open: () => ResponseSink | undefined
  /** What is longer is not kept, but goes on. */
  readonly maxBytes: number
  /** It turned out too long to be kept. */
  readonly onTooLong: () => void
}

export interface Recorded {
  readonly course: Course
  readonly status: number
  readonly headers: ResponseHeaders
  /** Whether all of it came. */
  readonly complete: boolean
  readonly body: () => Uint8Array
}

/** A sink that keeps a response, and passes it on, as `onStart` decides. */
export function createRecorder({ onStart, open, maxBytes, onTooLong }: RecorderOptions) {
  let recorded: { course: Course; status: number; headers: ResponseHeaders; complete: boolean } | undefined
  let next: ResponseSink | undefined
  let chunks: Uint8Array[] = []
  let bytes = 0

  const openNext = () => {
    next = open()
    if (next) next.onDrain = () => sink.onDrain?.()
    return next
  }
  const sink: ResponseSink = {
    onDrain: undefined,
    start: (status, headers) => {
      const declared = Number(headers['content-length'] ?? 0)
      let course = onStart(status, headers)
      if ((course === 'keep' || course === 'copy') && declared > maxBytes) {
        course = 'pass'
        onTooLong()
      }
      recorded = { course, status, headers, complete: false }
      if (course === 'pass' || course === 'copy') openNext()?.start(status, headers)
    },
    write: (chunk) => {
      if (!recorded || recorded.course === 'drop') return true
      if (recorded.course === 'pass') return next?.write(chunk) ?? true
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes <= maxBytes) return recorded.course === 'copy' ? (next?.write(chunk) ?? true) : true
      onTooLong()
      const late = recorded.course === 'keep' ? chunks : [chunk]
      if (recorded.course === 'keep') openNext()?.start(recorded.status, recorded.headers)
      recorded.course = 'pass'
      chunks = []
      // All but the last were taken already, whatever the caller's pace.
      return late.map((each) => next?.write(each) ?? true).every(Boolean)
    },
    end: (trailers) => {
      if (recorded) recorded.complete = true
      next?.end(trailers)
    },
    fail: (error) => next?.fail(error),
  }
  return {
    sink,
    /** The response so far; undefined where none has begun. */
    recorded: (): Recorded | undefined => recorded && { ...recorded, body: () => copyOf(chunks, bytes) },
  }
}

/** In memory of its own: what came off a connection is part of a larger buffer, which it would keep. */
function copyOf(chunks: readonly Uint8Array[], bytes: number): Uint8Array {
  const body = Buffer.allocUnsafeSlow(bytes)
  let at = 0
  for (const chunk of chunks) {
    body.set(chunk, at)
    at += chunk.length
  }
  return body
}
