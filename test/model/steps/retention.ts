import { type Delivery, eventOf, type State, withDelivery, withEvent } from '../state.ts'
import type { Step } from './step.ts'

/**
 * The day of an event is over, and its part of the outbox, or of the inbox, is dropped. Each event has a day of its own here. What
 * is done ended long ago: no relay and no function remembers an attempt of it. What was redriven may be under way.
 */
export const dropHistory: Step = (model, state, add) => {
  const { rules } = model
  for (const [event, { emitted, fanOut, dropped }] of state.events.entries()) {
    if (emitted !== 'committed') continue
    const isOwn = (index: number) => eventOf(index, model) === event
    const isOver = state.deliveries.every((one, index) => !isOwn(index) || hasNoRow(one))
    const mayBeDropped = fanOut === 'done' ? isOver || !rules.dropKeepsWaiting : !rules.dropKeepsFresh
    if (!dropped && mayBeDropped)
      add(withEvent(state, event, { dropped: true }), () => `the day of event ${event + 1} is dropped from the outbox`)
    const changeOwn = (change: (delivery: Delivery) => Delivery): State => ({
      ...state,
      deliveries: state.deliveries.map((one, index) => (isOwn(index) ? change(one) : one)),
    })
    const drop = (one: Delivery) => {
      const isForgotten = hasNoRow(one) ? one.tries.length === 0 : one.found || !rules.dropKeepsInbox
      return isForgotten ? { ...one, inInbox: false, found: false } : one
    }
    if (rules.dropLocksDay || state.deliveries.some(({ found }, index) => found && isOwn(index)))
      add(changeOwn(drop), () => `the day of event ${event + 1} is dropped from the inbox`)
    else {
      const find = (one: Delivery) => ({ ...one, found: !hasNoRow(one) && !one.inInbox })
      add(changeOwn(find), () => `of the day of event ${event + 1} in the inbox, a relay looks what to keep`)
    }
  }
}

const hasNoRow = ({ row }: Delivery) => row === 'none' || row === 'given up'

/** An operator gives dead letters up. */
export const dropDead: Step = (_model, state, add) => {
  for (const [index, { row }] of state.deliveries.entries())
    if (row === 'dead')
      add(withDelivery(state, index, { row: 'given up' }), () => `an operator drops a dead letter: event ${index + 1}`)
}

/** What was dead for a year is deleted. */
export const forgetDeadLetters: Step = ({ rules }, state, add) => {
  for (const [index, { row, found }] of state.deliveries.entries()) {
    const isFound = found && !rules.forgetOnlyDead
    if (row !== 'dead' && !isFound) continue
    const deleted = withDelivery(state, index, { row: row === 'dead' ? 'given up' : 'none', found: false })
    if (isFound || rules.forgetOnlyDead) add(deleted, () => `a relay deletes a dead letter: event ${index + 1}`)
    else
      add(
        withDelivery(state, index, { found: true }),
        () => `a relay finds a dead letter to delete: event ${index + 1}`,
      )
  }
}
