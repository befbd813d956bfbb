import { withEvent } from '../state.ts'
import type { Step } from './step.ts'

/** A handler's transaction writes the next event. */
export const appendInTransaction: Step = ({ rules, bounds }, state, add) => {
  const { events } = state
  const index = events.findIndex(({ emitted }) => emitted === 'no')
  const keyIsLocked = bounds.oneKey && rules.appendLocksKey && events.some(({ emitted }) => emitted === 'open')
  if (index === -1 || keyIsLocked || !rules.outboxInTransaction) return
  const next = withEvent(state, index, { emitted: 'open' })
  add(next, () => `a handler writes event ${index + 1} to the outbox, in its transaction`)
}

/** An event is written by itself: only where a rule is broken. */
export const appendAfterwards: Step = (_model, state, add) => {
  for (const [index, { emitted }] of state.events.entries()) {
    if (emitted !== 'unwritten') continue
    const next = withEvent(state, index, { emitted: 'committed' })
    add(next, () => `event ${index + 1} is written to the outbox, in a transaction of its own`)
  }
}

/** The handler's transaction is committed, and its caller has the answer. */
export const transactHandler: Step = ({ rules }, state, add) => {
  const { events } = state
  if (!rules.outboxInTransaction) {
    const index = events.findIndex(({ emitted }) => emitted === 'no')
    if (index === -1) return
    const next = withEvent(state, index, { emitted: 'unwritten' })
    add(next, () => `a handler commits its writes without event ${index + 1}; its caller has the answer`)
    return
  }
  for (const [index, { emitted }] of events.entries()) {
    if (emitted !== 'open') continue
    const next = withEvent(state, index, { emitted: 'committed' })
    add(next, () => `the handler commits event ${index + 1}; its caller has the answer`)
  }
}
