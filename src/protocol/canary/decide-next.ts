import { findFault, type Judgement, totalsOf } from './judge-canary.ts'

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
  const { step, steps, judgement } = progress
  const { requests } = totalsOf(judgement).canary
  const fault = findFault(judgement)
  if (fault) return { state: 'aborted', step, requests, why: `It is worse: ${fault.why}.` }
  const last = step === steps.length - 1
  const share = `${steps[step]} % of the callers`
  if (progress.state === 'passed')
    return { state: 'passed', step, requests, why: `Nothing was worse in ${requests} requests; it can be promoted.` }
  const missing = missingOf(progress, requests)
  if (missing) return { state: 'running', step, requests, why: `With ${share} nothing is worse; ${missing}.` }
  if (last)
    return { state: 'passed', step, requests, why: `Nothing was worse in ${requests} requests; it can be promoted.` }
  const next = `${steps[step + 1]} % of the callers`
  return { state: 'running', step: step + 1, requests, why: `With ${share} nothing was worse; it has ${next} now.` }
}

function missingOf({ requests, seconds, stepSeconds, stepRequests }: CanaryProgress, all: number): string | undefined {
  const seen = all - stepRequests
  if (seen < requests) return `${seen} of ${requests} requests have come to it`
  if (stepSeconds < seconds) return `${Math.floor(stepSeconds)} of ${seconds} seconds are over`
  return undefined
}
