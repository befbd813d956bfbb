import { type Delivery, withDelivery, withEvent } from '../state.ts'
import type { Step } from './step.ts'

/**
 * The day of an event is over, and its parts are dropped: that of the outbox, or that of the inbox. Each event has a day of its
 * own here. Days last longer than whatever is under way: no relay and no function remembers an attempt from then.
 */
export const dropHistory: Step = ({ rules, bounds: { subscribers } }, state, add) => {
  for (const [event, { emitted, fanOut, dropped }] of state.events.entries()) {
    const first = event * subscribers
    const own = state.deliveries.slice(first, first + subscribers)
    if (emitted !== 'committed' || own.some(({ tries }) => tries.length > 0)) continue
    const isOver = fanOut === 'done' && own.every(hasNoRow)
    if (!dropped && (isOver || !rules.dropKeepsWaiting))
      add(withEvent(state, event, { dropped: true }), () => `the day of event ${event + 1} is dropped from the outbox`)
    const deliveries = state.deliveries.map((delivery, index) => {
      const isDropped = index >= first && index < first + subscribers && (hasNoRow(delivery) || !rules.dropKeepsInbox)
      return isDropped && delivery.inInbox ? { ...delivery, inInbox: false } : delivery
    })
    add({ ...state, deliveries }, () => `the day of event ${event + 1} is dropped from the inbox`)
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
    if (row !== 'dead' && !found) continue
    const deleted = withDelivery(state, index, { row: row === 'dead' ? 'given up' : 'none', found: false })
    if (found || rules.forgetOnlyDead) add(deleted, () => `a relay deletes a dead letter: event ${index + 1}`)
    else
      add(
        withDelivery(state, index, { found: true }),
        () => `a relay finds a dead letter to delete: event ${index + 1}`,
      )
  }
}
