import { Problem } from '../../../contract/index.ts'
import type { GatewayContext } from '../context.ts'
import type { ResponseSink } from '../upstream/upstream-request.ts'
import { mediaTypeFor } from './media-type.ts'
import { writeProblem } from './write-outcome.ts'

/** The longest problem of a function that is read: longer ones are none. */
const MAX_PROBLEM_BYTES = 64 * 1_024

/**
 * Passes a function's response on as clients of GraphQL read it: in the media type that they want, and its problems as errors.
 */
export function createGraphqlSink(
  sink: ResponseSink,
  context: Pick<GatewayContext, 'headers' | 'correlationId'>,
): ResponseSink {
  let problem: { readonly status: number; readonly chunks: Uint8Array[]; bytes: number } | undefined
  const wrapped: ResponseSink = {
    onDrain: undefined,
    start: (status, headers) => {
      sink.onDrain = () => wrapped.onDrain?.()
      const type = String(headers['content-type'])
      if (type.startsWith('application/problem+json')) problem = { status, chunks: [], bytes: 0 }
      else if (type.startsWith('multipart/mixed')) sink.start(status, headers)
      else sink.start(status, { ...headers, 'content-type': mediaTypeFor(context) })
    },
    write: (chunk) => {
      if (!problem) return sink.write(chunk)
      problem.bytes += chunk.length
      if (problem.bytes <= MAX_PROBLEM_BYTES) problem.chunks.push(chunk)
      return true
    },
    end: (trailers) => {
      if (!problem) return sink.end(trailers)
      const { status, headers, body } = writeProblem(
        context,
        readProblem(problem.status, Buffer.concat(problem.chunks)),
      )
      const bytes = Buffer.from(body)
      sink.start(status, { ...toPlain(headers), 'content-length': String(bytes.length) })
      sink.write(bytes)
      sink.end()
    },
    fail: (error) => sink.fail(error),
  }
  return wrapped
}

const toPlain = (headers: ReturnType<typeof writeProblem>['headers']) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))

function readProblem(status: number, bytes: Buffer): Problem {
  try {
    const { error, message, details } = JSON.parse(bytes.toString())
    return new Problem(String(error), status, String(message), Array.isArray(details) ? { details } : {})
  } catch {
    return new Problem('bad_gateway', 502, 'The function did not respond as it should.')
  }
}
