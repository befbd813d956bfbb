import { Problem, type Route } from '../../../contract/index.ts'
import { isCopied, type ShadowFinding } from '../../../protocol/index.ts'
import type { CallUpstream, ResponseSink, UpstreamRequest } from '../upstream/upstream-request.ts'
import type { Canaries, RunningCanary } from '../variants.ts'
import { compareAnswers, type Differences } from './compare-answers.ts'
import { type Answer, keepAnswer, newVoidSink } from './keep-answer.ts'

/** Of the copies of one gateway, whatever their functions: with their answers they take less than 1 MiB. */
const MAX_COPIES = 4
const MAX_BYTES = 64 * 1024
/** For an answer that comes slowly, beyond what its function and a start may take. */
const GRACE_MS = 5_000

interface ShadowOptions {
  readonly canaries: Canaries | undefined
  /** Calls for nobody, once. */
  readonly call: CallUpstream
  /** Whether its function has room beside what callers ask of it. */
  readonly hasRoom: (route: Route) => boolean
  readonly startTimeoutMs: number
  /** Aborts when this process begins to end: nothing is copied any more. */
  readonly draining: AbortSignal | undefined
}

/**
 * Copies reads to a canary that has no callers yet, and compares the answers: after the caller has its own, and as many at a time as
 * there is room for. What differs is asked of the old revision once more, since the data may have changed meanwhile.
 */
export function createShadow({ canaries, call, hasRoom, startTimeoutMs, draining }: ShadowOptions) {
  let copies = 0

  /** Asks for an answer that no caller gets. */
  async function ask(request: UpstreamRequest, variant: 'stable' | 'canary') {
    const controller = new AbortController()
    const { timeoutMs } = request.route
    const timer = setTimeout(() => controller.abort(TOO_LATE), timeoutMs + startTimeoutMs + GRACE_MS)
    const kept = keepAnswer(newVoidSink(), { maxBytes: MAX_BYTES })
    const variantKey = variant === 'canary' ? `${request.variantKey}\ncopy` : undefined
    const beganAt = performance.now()
    try {
      const outcome = await call(copyOf(request, { variant, variantKey, signal: controller.signal }), kept.sink)
      return { answer: outcome ? undefined : kept.answer(), ms: performance.now() - beganAt }
    } finally {
      clearTimeout(timer)
    }
  }

  async function compare(request: UpstreamRequest, first: Answer, { mayDiffer }: RunningCanary) {
    const { route, contracts } = request
    const { name, replyHeaders = [] } = route
    const paths = (status: number) => contracts?.replyChecks?.(name)?.pathsOf?.(status) ?? NO_PATHS
    const options = { paths, mayDiffer, headers: ['content-type', ...replyHeaders] }
    const tell = (finding: ShadowFinding, of: { calls: number; ms: number }, differences: readonly string[] = []) =>
      canaries?.shadowed(name, { finding, differences, ...of })

    const copy = await ask(request, 'canary')
    if (!copy.answer) return tell('failed', { calls: 1, ms: copy.ms })
    const differences = compareAnswers(first, copy.answer, options)
    if (differences.size === 0) return tell('same', { calls: 1, ms: copy.ms })
    if (!hasRoom(route)) return tell('dropped', { calls: 1, ms: copy.ms })
    const again = await ask(request, 'stable')
    const cost = { calls: 2, ms: copy.ms + again.ms }
    if (!again.answer) return tell('dropped', cost)
    const only = { ...options, only: differences }
    const ofOld = compareAnswers(first, again.answer, only)
    const ofBoth = compareAnswers(again.answer, copy.answer, only)
    const { finding, places } = judge(differences, ofOld, ofBoth)
    return tell(finding, cost, [...new Set(places.map((place) => differences.get(place) ?? place))])
  }

  return {
    /** Watches a call of the old revision for a caller; `end` is to be called when it is over. Undefined where nothing is copied. */
    watch: (request: UpstreamRequest, sink: ResponseSink) => {
      const { route, variant, variantKey, isCopy } = request
      const canary = variant === 'stable' && variantKey !== undefined && !isCopy ? canaries?.of(route.name) : undefined
      if (canary?.share !== 0 || draining?.aborted || !canBeCopied(request)) return undefined
      const drop = () => canaries?.shadowed(route.name, { finding: 'dropped' })
      if (copies >= MAX_COPIES || !canaries?.mayCopy(route.name)) return void drop()
      copies++
      const free = () => void copies--
      const kept = keepAnswer(sink, { maxBytes: MAX_BYTES, wants: (status) => status < 500 })
      return {
        sink: kept.sink,
        end: (failed: boolean) => {
          const answer = failed || request.signal.aborted ? undefined : kept.answer()
          // A failure of the old revision is nothing to compare with; what is too long is not looked at.
          if (!answer) {
            if (!failed && !request.signal.aborted) drop()
            return free()
          }
          // The caller's response is on its way by then.
          setImmediate(() => void compare(request, answer, canary).catch(drop).finally(free))
        },
      }
    },
  }
}

const NO_PATHS: ReadonlySet<string> = new Set()
const TOO_LATE = new Problem('deadline_exceeded', 504, 'The copy has taken too long.')

/** Not what is too long to be kept until then. */
const canBeCopied = ({ route, contracts, method, body, bodyStream }: UpstreamRequest): boolean =>
  contracts !== undefined &&
  isCopied(route, contracts) &&
  method !== 'HEAD' &&
  bodyStream === undefined &&
  body.length <= MAX_BYTES

type Asked = Pick<UpstreamRequest, 'variant' | 'variantKey' | 'signal'>

/** The same request by the same caller, who does not know of it. */
function copyOf(request: UpstreamRequest, asked: Asked): UpstreamRequest {
  const { route, contracts, callsNobody, method, path, query, headers, position, body, caller, client } = request
  return {
    ...{ route, contracts, callsNobody, method, path, query, headers, position, body, caller, client },
    ...{ correlationId: request.correlationId, traceparent: request.traceparent, ...asked, isCopy: true },
    ...{ bodyReceivedAt: performance.now(), invoked: false, upstreamStatus: undefined },
    ...{ respondedAt: undefined, cold: undefined, revision: undefined },
  }
}

/** Whose answer is the one that differs, and where. */
function judge(differences: Differences, ofOld: Differences, ofBoth: Differences) {
  const places = [...differences.keys()].filter((place) => !ofOld.has(place))
  const changed = [...differences.keys()].some((place) => !ofBoth.has(place))
  if (places.length > 0 && !changed) return { finding: 'differs' as const, places }
  return { finding: changed && places.length === 0 ? ('changed' as const) : ('noise' as const), places: [] }
}
