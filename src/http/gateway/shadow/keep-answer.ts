import type { ResponseHeaders, ResponseSink } from '../upstream/upstream-request.ts'
import { wrapSink } from '../upstream/wrap-sink.ts'

/** A response as it came. */
export interface Answer {
  readonly status: number
  readonly headers: ResponseHeaders
  readonly body: Uint8Array
}

interface KeepOptions {
  /** What is longer is passed on, and not kept. */
  readonly maxBytes: number
  /** Whether this response is to be kept; default: each is. */
  readonly wants?: (status: number, headers: ResponseHeaders) => boolean
}

/** Passes a response on, and keeps it meanwhile. */
export function keepAnswer(sink: ResponseSink, { maxBytes, wants = () => true }: KeepOptions) {
  let begun: Omit<Answer, 'body'> | undefined
  let chunks: Uint8Array[] | undefined
  let bytes = 0
  let answer: Answer | undefined
  const keeping = wrapSink(sink, {
    start: (status, headers) => {
      begun = { status, headers }
      if (wants(status, headers)) chunks = []
      sink.start(status, headers)
    },
    write: (chunk) => {
      bytes += chunk.length
      if (bytes > maxBytes) chunks = undefined
      else chunks?.push(chunk)
      return sink.write(chunk)
    },
    end: (trailers) => {
      if (begun && chunks) answer = { ...begun, body: Buffer.concat(chunks) }
      chunks = undefined
      sink.end(trailers)
    },
    fail: (error) => {
      chunks = undefined
      sink.fail(error)
    },
  })
  return {
    sink: keeping,
    /** Undefined where it has not begun. */
    status: () => begun?.status,
    /** Undefined where it was not to be kept, was too long, or broke off. */
    answer: () => answer,
  }
}

/** Where a response goes that nobody gets. */
export const newVoidSink = (): ResponseSink => ({
  onDrain: undefined,
  start: () => {},
  write: () => true,
  end: () => {},
  fail: () => {},
})
