import { comeBack } from '../../streams/come-back.ts'
import type { ResponseSink } from './upstream-request.ts'

const LF = 10
const CR = 13

interface EventSinkOptions {
  /** Aborts when this process begins to end. */
  readonly draining: AbortSignal
  /** Ends the call, whose response nobody reads any more. */
  readonly abandon: () => void
}

/**
 * Passes a stream of events on. When this process ends, so does the stream, after the event that is being sent: clients come
 * back, by another gateway, with the id of the last one.
 */
export function createEventSink(sink: ResponseSink, { draining, abandon }: EventSinkOptions): ResponseSink {
  const position = createEventPosition()
  let isEvents = false
  let isOver = false
  const finish = () => {
    isOver = true
    draining.removeEventListener('abort', onDraining)
    sink.write(Buffer.from(comeBack()))
    sink.end()
    abandon()
  }
  const onDraining = () => {
    if (!isOver && position.isBetween()) finish()
  }
  const over = () => {
    isOver = true
    draining.removeEventListener('abort', onDraining)
  }
  const wrapped: ResponseSink = {
    onDrain: undefined,
    start: (status, headers) => {
      sink.onDrain = () => wrapped.onDrain?.()
      sink.start(status, headers)
      // A refusal, or the answer that there is nothing more, ends by itself.
      isEvents = status === 200 && String(headers['content-type']).startsWith('text/event-stream')
      if (!isEvents) return
      draining.addEventListener('abort', onDraining)
      if (draining.aborted) onDraining()
    },
    write: (chunk) => {
      if (isOver) return true
      if (!isEvents || !draining.aborted) {
        position.pass(chunk)
        return sink.write(chunk)
      }
      const end = position.findEnd(chunk)
      if (end === undefined) return sink.write(chunk)
      sink.write(chunk.subarray(0, end))
      finish()
      return true
    },
    end: (trailers) => {
      if (isOver) return
      over()
      sink.end(trailers)
    },
    fail: (error) => {
      if (isOver) return
      over()
      sink.fail(error)
    },
  }
  return wrapped
}

/** Follows whether what has passed ends with a whole event: with an empty line, whatever ends lines (LF, CR LF or CR). */
function createEventPosition() {
  /** Line ends in a row, up to now; a stream begins as if after an event. */
  let lineEnds = 2
  let last = LF
  const step = (byte: number) => {
    const isSecondHalf = byte === LF && last === CR
    last = byte
    if (isSecondHalf) return
    lineEnds = byte === LF || byte === CR ? lineEnds + 1 : 0
  }
  const isBetween = () => lineEnds > 1
  return {
    isBetween,
    pass: (chunk: Uint8Array) => {
      for (const byte of chunk.subarray(-TAIL_BYTES)) step(byte)
    },
    /** Where in the chunk the event ends that is being sent; undefined where it goes on. */
    findEnd: (chunk: Uint8Array): number | undefined => {
      for (let i = 0; i < chunk.length; i++) {
        step(chunk[i] ?? 0)
        if (isBetween()) return i + 1
      }
      return undefined
    },
  }
}

/** Two line ends have at most this many bytes, and one byte before them tells that there are no more. */
const TAIL_BYTES = 5
