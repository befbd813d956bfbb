import { createRandom } from '../../src/deploy/sample/random.ts'
import type { VariantResponse } from '../../src/protocol/canary/counts.ts'
import { findFault, newJudgement, takeCounts } from '../../src/protocol/canary/judge-canary.ts'
import { DEFAULT_REQUESTS, DEFAULT_STEPS } from '../../src/protocol/canary/steps.ts'
import { createVariantCounter } from '../../src/protocol/canary/variant-counter.ts'

/** What one variant does. */
export interface Behaviour {
  /** The part of requests that fail with an error that nobody has declared. */
  readonly errors: number
  /** The part of replies that break the contract. */
  readonly breaks?: number
  /** The part of requests that are refused. */
  readonly refusals?: number
  /** Its waits are log-normal, with this median, and this spread (the standard deviation of the logarithm), and later by so much. */
  readonly medianMs: number
  readonly spread: number
  readonly laterMs?: number
}

export interface Scenario {
  readonly name: string
  readonly stable: Behaviour
  readonly canary: Behaviour
  /** Requests to both between two looks, on average. */
  readonly perLook: number
  readonly callers: number
  /** How many of them always fail, whatever they get. */
  readonly failing: number
}

/** One canary, to its end: after how many requests to it that was aborted; undefined where it was not. */
export function simulate(
  { stable, canary, perLook, callers, failing }: Scenario,
  seed: number,
): { readonly abortedAfter?: number } {
  const random = createRandom(`${seed}`).fraction
  const counter = createVariantCounter()
  /** Below the share, a caller gets the canary. */
  const places = Array.from({ length: callers }, () => random() * 100)
  let judgement = newJudgement()
  let spent = 0
  for (const share of DEFAULT_STEPS) {
    // With few callers it may be that nobody gets it: it stays at this step.
    if (!places.some((place) => place < share)) return {}
    for (let atStep = 0; atStep < DEFAULT_REQUESTS; ) {
      // So many, and each of them by itself to one or the other.
      const requests = Math.floor(perLook) + (random() < perLook % 1 ? 1 : 0)
      for (let i = 0; i < requests; i++) {
        const caller = Math.floor(random() * callers)
        const variant = (places[caller] ?? 0) < share ? 'canary' : 'stable'
        const behaviour = variant === 'canary' ? canary : stable
        counter.count(String(caller), { ...respond(caller < failing ? FAILING : behaviour, random), variant })
      }
      const news = counter.take()
      atStep += news.canary.requests
      spent += news.canary.requests
      judgement = takeCounts(judgement, news, share)
      if (findFault(judgement)) return { abortedAfter: spent }
    }
  }
  return {}
}

const FAILING: Behaviour = { errors: 1, medianMs: 400, spread: 0.5 }

function respond(behaviour: Behaviour, random: () => number): Omit<VariantResponse, 'variant'> {
  const { errors, breaks = 0, refusals = 0, medianMs, spread, laterMs = 0 } = behaviour
  const waitMs = medianMs * Math.exp(spread * normal(random)) + laterMs
  const chance = random()
  const status = chance < errors ? 500 : chance < errors + refusals ? 409 : 200
  const broken = status === 200 ? random() < breaks : undefined
  return { name: '', cold: false, status, undeclared: status === 500, broken, waitMs }
}

/** Box and Muller. */
const normal = (random: () => number) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
