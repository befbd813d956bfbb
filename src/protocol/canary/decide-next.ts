import { findFault, type Judgement, totalsOf } from './judge-canary.ts'
import { findShadowFault, isDoubtful, tellShadow } from './judge-shadow.ts'
import type { ShadowCounts } from './shadow-counts.ts'

/** Where a canary is. */
export interface CanaryProgress {
  readonly state: 'running' | 'passed' | 'aborted' | 'promoted'
  /** The shares in percent, and which of them it has. */
  readonly steps: readonly number[]
  readonly step: number
  /** What there must be of each step, at least: requests to the canary, and time. */
  readonly requests: number
  readonly seconds: number
  /** For how long this step lasts, and how many requests to the canary there were before it. */
  readonly stepSeconds: number
  readonly stepRequests: number
  readonly judgement: Judgement
  /** Null where no reads were to be copied to it. */
  readonly shadow: ShadowCounts | null
}

export interface NextStep {
  readonly state: 'running' | 'passed' | 'aborted'
  readonly step: number
  /** One sentence. */
  readonly why: string
  /** To the canary, in all. */
  readonly requests: number
}

/** Decides what becomes of a canary by what was counted of it. One that has passed can still be found worse, until it is promoted. */
export function decideNext(progress: CanaryProgress): NextStep {
  const { step, steps, judgement, shadow } = progress
  const { requests } = totalsOf(judgement).canary
  const differing = shadow && findShadowFault(shadow)
  const fault = findFault(judgement)
  if (fault) return { state: 'aborted', step, requests, why: `It is worse: ${fault.why}.` }
  if (differing) return { state: 'aborted', step, requests, why: `It answers otherwise: ${differing.why}.` }
  const last = step === steps.length - 1
  const passed = { step, requests, why: `Nothing was worse in ${requests} requests; it can be promoted.` }
  if (progress.state === 'passed') return { state: 'passed', ...passed }
  const missing = missingOf(progress, requests)
  if (missing)
    return { state: 'running', step, requests, why: `With ${shareOf(progress)} nothing is worse; ${missing}.` }
  if (last) return { state: 'passed', ...passed }
  const next = `${steps[step + 1]} % of the callers`
  const why = `With ${shareOf(progress)} nothing was worse; it has ${next} now.`
  return { state: 'running', step: step + 1, requests, why }
}

const shareOf = ({ steps, step }: CanaryProgress) =>
  steps[step] === 0 ? 'copies of reads' : `${steps[step]} % of the callers`

function missingOf(progress: CanaryProgress, all: number): string | undefined {
  const { requests, seconds, stepSeconds, stepRequests, steps, step, shadow } = progress
  const seen = all - stepRequests
  if (seen < requests) return `${seen} of ${requests} requests have come to it`
  if (stepSeconds < seconds) return `${Math.floor(stepSeconds)} of ${seconds} seconds are over`
  if (steps[step] === 0 && shadow && isDoubtful(shadow))
    return `but ${tellShadow(shadow)}, and it waits for more of them`
  return undefined
}
