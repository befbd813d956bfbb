import { RELAYS, withEvent } from '../state.ts'
import type { Step } from './step.ts'

/** A relay finds that a time of a schedule has come, and that nothing was decided about it. */
export const findSchedules: Step = (_model, state, add) => {
  for (const [index, { firings, foundBy }] of state.events.entries()) {
    if (firings > 0) continue
    for (const relay of RELAYS) {
      if (foundBy.includes(relay)) continue
      const next = withEvent(state, index, { foundBy: RELAYS.filter((one) => one === relay || foundBy.includes(one)) })
      add(next, () => `relay ${relay} finds that time ${index + 1} of the schedule has come`)
    }
  }
}

/**
 * It writes the firing, with its event. What it found may be old: relays of two versions have each a `next_at` of their own, so
 * that only the row of the firing stands between them.
 */
export const decideFirings: Step = ({ rules }, state, add) => {
  for (const [index, { firings, foundBy }] of state.events.entries()) {
    for (const relay of foundBy) {
      const decided = withEvent(state, index, { foundBy: foundBy.filter((one) => one !== relay) })
      if (rules.firingIsUnique && firings > 0) {
        add(decided, () => `relay ${relay} finds that time ${index + 1} was fired meanwhile`)
        continue
      }
      const emitted = rules.firingInTransaction ? 'committed' : 'unwritten'
      const next = withEvent(decided, index, { firings: firings + 1, emitted })
      add(
        next,
        () => `relay ${relay} fires time ${index + 1}, ${rules.firingInTransaction ? 'with' : 'without'} its event`,
      )
    }
  }
}
