import { parseJson } from '../../json.ts'
import type { Canaries } from '../variants.ts'
import type { ResponseSink, UpstreamRequest } from './upstream-request.ts'

/** What is longer is not compared with its contract. */
const MAX_CHECKED_BYTES = 64 * 1024

/**
 * Watches one call of a function that has a canary: `sink` is where its response goes, and `end` counts what became of it. Undefined
 * where nothing is to be counted.
 */
export function watchVariant(request: UpstreamRequest, sink: ResponseSink, canaries: Canaries | undefined) {
  const { variant, route, variantKey } = request
  if (!canaries || !variant || variantKey === undefined) return undefined
  const { name } = route
  const checks = request.contracts?.replyChecks?.(name)
  const beganAt = performance.now()
  let status: number | undefined
  let chunks: Uint8Array[] | undefined
  let bytes = 0
  let broken: boolean | undefined

  const watching: ResponseSink = {
    ...sink,
    get onDrain() {
      return sink.onDrain
    },
    set onDrain(drain) {
      sink.onDrain = drain
    },
    start: (begun, headers) => {
      status = begun
      const isWhole = headers['content-encoding'] === undefined && request.method !== 'HEAD'
      if (isWhole && checks?.hasBody(begun) && canaries.mayCheck(name, variant)) chunks = []
      sink.start(begun, headers)
    },
    write: (chunk) => {
      bytes += chunk.length
      if (bytes > MAX_CHECKED_BYTES) chunks = undefined
      else chunks?.push(chunk)
      return sink.write(chunk)
    },
    end: (trailers) => {
      if (chunks && status !== undefined) broken = checks?.fits(status, parse(chunks)) === false
      sink.end(trailers)
    },
  }
  return {
    sink: watching,
    /** `failed` where there was no answer of the function's own. */
    end: (failed: boolean) => {
      if (request.signal.aborted) return
      const { respondedAt, cold } = request
      const waitMs = respondedAt === undefined ? undefined : respondedAt - beganAt
      const answered = failed ? undefined : status
      const undeclared = answered !== undefined && checks?.isDeclared(answered) === false
      canaries.count(variantKey, { name, variant, status: answered, undeclared, broken, cold: cold === true, waitMs })
    },
  }
}

/** What is no JSON fits nothing. */
function parse(chunks: readonly Uint8Array[]): unknown {
  const parsed = parseJson(Buffer.concat(chunks))
  return 'value' in parsed ? parsed.value : undefined
}
