import { forEachAttempt, nameOf, withAttempt, withDelivery } from '../state.ts'
import type { Step } from './step.ts'

/** The function begins its transaction with a row of the inbox; where another one has that row in hand, it waits. */
export const recordInInbox: Step = (model, state, add) =>
  forEachAttempt(state, (attempt, delivery, index) => {
    if (attempt.request !== 'arrived') return
    const { inbox } = model.rules
    const words = () => `attempt ${attempt.lease} of ${nameOf(index, model)}`
    if (inbox && delivery.inInbox) {
      const outcome = attempt.outcome === 'sent' ? 'done' : attempt.outcome
      const answered = withAttempt(delivery, attempt, { request: 'none', outcome })
      add(withDelivery(state, index, answered), () => `the function has ${words()} in its inbox already: 2xx`)
    } else if (!inbox || delivery.tries.every(({ request }) => request !== 'open')) {
      const begun = withAttempt(delivery, attempt, { request: 'open' })
      const how = inbox ? ', with a row in its inbox' : ''
      add(withDelivery(state, index, begun), () => `the function begins a transaction for ${words()}${how}`)
    }
  })

/** The function commits its writes, and answers whoever waits. */
export const transactFunction: Step = (model, state, add) =>
  forEachAttempt(state, (attempt, delivery, index) => {
    if (attempt.request !== 'open') return
    const isHeard = attempt.outcome === 'sent'
    const answered = withAttempt(delivery, attempt, { request: 'none', outcome: isHeard ? 'done' : attempt.outcome })
    const committed = { ...answered, inInbox: model.rules.inbox, effects: delivery.effects + 1 }
    const heard = isHeard ? `relay ${attempt.relay} gets its 2xx` : 'nobody gets its 2xx'
    const words = () => `the function commits attempt ${attempt.lease} of ${nameOf(index, model)}; ${heard}`
    add(withDelivery(state, index, committed), words)
  })
