import { parseJson } from '../../json.ts'
import type { GatewayDependencies } from '../dependencies.ts'
import { keepAnswer } from '../shadow/keep-answer.ts'
import type { ResponseSink, UpstreamRequest } from './upstream-request.ts'

/** What is longer is not compared with its contract. */
const MAX_CHECKED_BYTES = 64 * 1024

/**
 * Watches one call of a function that has a canary, or whose replies are compared with its contract: `sink` is where its response
 * goes, and `end` counts what became of it. Undefined where nothing is to be counted.
 */
export function watchVariant(
  request: UpstreamRequest,
  sink: ResponseSink,
  { canaries, metrics }: Pick<GatewayDependencies, 'canaries' | 'metrics'>,
) {
  const { variant, route, variantKey } = request
  const counted = canaries && variant && variantKey !== undefined ? { canaries, variant, variantKey } : undefined
  if (!counted && (!metrics.mayCheckReply || route.upstream)) return undefined
  const { name } = route
  const mayCheck = () => (counted ? counted.canaries.mayCheck(name, counted.variant) : metrics.mayCheckReply?.(name))
  const checks = request.contracts?.replyChecks?.(name)
  const beganAt = performance.now()
  const kept = keepAnswer(sink, {
    maxBytes: MAX_CHECKED_BYTES,
    wants: (status, headers) => {
      const isWhole = headers['content-encoding'] === undefined && request.method !== 'HEAD'
      return isWhole && checks?.hasBody(status) === true && mayCheck() === true
    },
  })
  return {
    sink: kept.sink,
    /** `failed` where there was no answer of the function's own. */
    end: (failed: boolean) => {
      if (request.signal.aborted) return
      const { respondedAt, cold, revision } = request
      const waitMs = respondedAt === undefined ? undefined : respondedAt - beganAt
      const status = failed ? undefined : kept.status()
      const answer = kept.answer()
      const broken = answer && checks?.fits(answer.status, parse(answer.body)) === false
      if (broken !== undefined && revision !== undefined) metrics.replyChecked?.({ name, revision, fits: !broken })
      if (!counted) return
      const undeclared = status !== undefined && checks?.isDeclared(status) === false
      const seen = { status, undeclared, broken, cold: cold === true, waitMs, isReached: revision !== undefined }
      counted.canaries.count(counted.variantKey, { name, variant: counted.variant, ...seen })
    },
  }
}

/** What is no JSON fits nothing. */
function parse(body: Uint8Array): unknown {
  const parsed = parseJson(body)
  return 'value' in parsed ? parsed.value : undefined
}
