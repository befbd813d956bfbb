import { withDelivery, withEvent } from '../state.ts'
import type { Step } from './step.ts'

/** The gateway stores a request that its caller does not wait for. It is a delivery from then on: nothing is fanned out. */
export const acceptInvocation: Step = (_model, state, add) => {
  const index = state.events.findIndex(({ emitted }) => emitted === 'no')
  if (index === -1) return
  const accepted = withEvent(state, index, { emitted: 'committed', fanOut: 'done' })
  const next = withDelivery(accepted, index, { row: 'waiting' })
  add(next, () => `the gateway stores event ${index + 1}, an invocation; its caller has the 202`)
}

/** Its caller cancels what no function was called for: no attempt counts yet. */
export const cancelInvocation: Step = ({ rules }, state, add) => {
  for (const [index, { row, attempts, uncounted, found }] of state.deliveries.entries()) {
    const isNew = row === 'waiting' && attempts === uncounted
    if (found || (isNew && rules.cancelIsOneStatement))
      add(
        withDelivery(state, index, { row: 'cancelled', found: false }),
        () => `the caller of event ${index + 1}, an invocation, cancels it, and is told so`,
      )
    else if (isNew)
      add(
        withDelivery(state, index, { found: true }),
        () => `the caller of event ${index + 1}, an invocation, wants to cancel it, and it is found waiting`,
      )
  }
}
