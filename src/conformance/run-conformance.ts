import { setTimeout as delay } from 'node:timers/promises'
import { CASES } from './cases.ts'
import { type Case, openSession, type Session } from './session.ts'
import { NothingToRunOn } from './subjects.ts'
import { findMissingRequirement, type Target } from './target.ts'

export interface Outcome {
  readonly name: string
  readonly outcome: 'passed' | 'failed' | 'skipped'
  /** What is wrong, or missing. */
  readonly why?: string
  readonly tookMs: number
}

interface ConformanceOptions {
  /** Cases whose names have one of these in them; all where there are none. */
  readonly only?: readonly string[]
  /** Called with each outcome as it comes. */
  readonly onOutcome?: (outcome: Outcome) => void
}

/** Beside the one that may hold a batch, with connections of the function that waits for it: there may be only two. */
const AT_ONCE = 2
/** More than a roll-out takes. */
const LIMIT_MS = 300_000

/**
 * Checks whether an Ebb keeps what it promises to its callers, by its conformance functions, or else by what the contracts of
 * its project offer. What its examples ask for takes effect there; no run depends on what another one has left. Rejects where
 * no Ebb answers.
 */
export async function runConformance(target: Target, { only = [], onOutcome }: ConformanceOptions = {}) {
  const session = await openSession(target)
  const outcomes = new Map<Case, Outcome>()
  const cases = CASES.filter(({ name }) => only.length === 0 || only.some((part) => name.includes(part)))
  const lane = async (waiting: Case[]) => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const outcome = await runCase(next, session)
      outcomes.set(next, outcome)
      onOutcome?.(outcome)
    }
  }
  try {
    const others = cases.filter(({ holds }) => !holds)
    await Promise.all([
      lane(cases.filter(({ holds }) => holds)),
      ...Array.from({ length: AT_ONCE }, () => lane(others)),
    ])
  } finally {
    await session.close()
  }
  return cases.flatMap((one) => outcomes.get(one) ?? [])
}

async function runCase({ name, needs = [], needsFunctions, run }: Case, session: Session): Promise<Outcome> {
  const missing = findMissingRequirement(session.target, needs)
  if (missing) return { name, outcome: 'skipped', why: missing, tookMs: 0 }
  if (needsFunctions && !session.hasFunctions) {
    const { message } = new NothingToRunOn('the conformance functions are not deployed there')
    return { name, outcome: 'skipped', why: message, tookMs: 0 }
  }
  const beganAt = performance.now()
  const settled = await Promise.race([run(session), rejectAfterLimit()]).then(
    () => ({ outcome: 'passed' as const }),
    (error: unknown) => ({
      outcome: error instanceof NothingToRunOn ? ('skipped' as const) : ('failed' as const),
      why: messageOf(error),
    }),
  )
  return { name, ...settled, tookMs: Math.round(performance.now() - beganAt) }
}

async function rejectAfterLimit(): Promise<never> {
  await delay(LIMIT_MS, undefined, { ref: false })
  throw new Error(`it has not ended after ${LIMIT_MS / 1_000} s`)
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
