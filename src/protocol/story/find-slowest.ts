import type { Finding, Step } from './story.ts'

/** What people wait for without noticing is not slow. */
const SLOW_MS = 200
const SHARE = 0.5
/** What has no steps of its own within. A start comes once, and is told where nothing else was slow. */
const LEAVES: readonly (readonly Step['kind'][])[] = [['statement', 'call', 'wait', 'mail'], ['start']]

/** What took half of the time of a slow request, or more: of the caller's or, for a statement and the like, of its function's. */
export function findSlowest(steps: readonly Step[]): Finding | null {
  const requestOf = (name?: string) =>
    steps.find(({ kind, part, durationMs }) => kind === 'request' && durationMs !== null && part === (name ?? part))
  for (const kinds of LEAVES) {
    const longest = steps
      .filter(({ kind, atMs }) => kinds.includes(kind) && (kind !== 'start' || atMs < endOf(requestOf())))
      .toSorted((a, b) => (b.durationMs ?? 0) - (a.durationMs ?? 0))[0]
    const whole = longest && (longest.kind === 'start' ? requestOf() : (requestOf(longest.part) ?? requestOf()))
    const found = longest && whole && findingOf(longest, whole, steps)
    if (found) return found
  }
  return null
}

function findingOf(longest: Step, whole: Step, steps: readonly Step[]): Finding | null {
  const [ownMs, totalMs] = [longest.durationMs ?? 0, whole.durationMs ?? 0]
  if (totalMs < SLOW_MS || ownMs < totalMs * SHARE) return null
  const says = `${longest.says}: ${Math.round(ownMs)} of ${Math.round(totalMs)} ms`
  return { part: longest.part, says, step: steps.indexOf(longest) }
}

/** A subscriber that starts when the caller has its answer made nobody wait. */
const endOf = (step: Step | undefined) => (step ? step.atMs + (step.durationMs ?? 0) : 0)
