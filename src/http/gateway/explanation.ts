import { Problem } from '../../contract/index.ts'
import type { Explanation, GatewayContext, Outcome, Step } from './context.ts'

/** Why a step passes a request on, in a sentence, or with what it has decided by. */
type Reason = (context: GatewayContext) => string | Explanation

/** A step that changes nothing but its context: it explains itself by running, and says why it passes a request on. */
export function byRunning(step: Step, reason: Reason): Step {
  return explained(step, async (context) => {
    const outcome = await step(context)
    if (outcome) return ending(outcome)
    const said = reason(context)
    return typeof said === 'string' ? { why: said } : said
  })
}

/** A step with an effect, such as to count, to store or to call: it explains itself by looking, and has none. */
export const explained = (step: Step, explain: NonNullable<Step['explain']>): Step => Object.assign(step, { explain })

/** The explanation of an outcome: a refusal says itself what is wrong, and where. */
export function ending(outcome: Outcome): Explanation {
  if (!(outcome instanceof Problem)) return { outcome, why: `It answers this itself, with ${outcome.status}.` }
  return {
    outcome,
    why: outcome.message,
    ...(outcome.details.length > 0 ? { facts: { details: outcome.details } } : {}),
  }
}
