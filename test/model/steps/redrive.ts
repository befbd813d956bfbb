import type { Delivery, Model, State } from '../state.ts'
import type { Step } from './step.ts'

/** An operator sends the dead letters of a subscriber again: the first one goes, and the others follow when it is done. */
export const redrive: Step = ({ bounds: { subscribers, redrives } }, state, add) => {
  if (state.redrives >= redrives) return
  for (let subscriber = 0; subscriber < subscribers; subscriber++) {
    let rank = 0
    const send = (delivery: Delivery, index: number): Delivery => {
      if (index % subscribers !== subscriber || delivery.row !== 'dead') return delivery
      rank++
      const row = rank === 1 ? 'waiting' : 'dead'
      return {
        ...delivery,
        row,
        held: false,
        forgiven: delivery.attempts,
        uncounted: 0,
        redrive: state.redrives + 1,
        rank,
      }
    }
    const deliveries = state.deliveries.map(send)
    const words = () => `an operator redrives what is dead of subscriber ${subscriber + 1}: ${rank}`
    if (rank > 0) add({ ...state, deliveries, redrives: state.redrives + 1 }, words)
  }
}

/** What the end of a redriven delivery means for the others of its redrive and subscriber (`followRedriveSql`). */
export function followRedrive({ bounds: { subscribers } }: Model, state: State, index: number): State {
  const { redrive: id, rank, row } = state.deliveries[index]!
  const failed = row === 'dead'
  if (id === 0 || !(failed || (row === 'none' && rank === 1))) return state
  const follow = (other: Delivery, at: number): Delivery => {
    const belongs = at !== index && at % subscribers === index % subscribers && other.redrive === id
    const isUntried = other.attempts === other.forgiven + other.uncounted
    const isHeld = other.row === 'dead' || (other.row === 'waiting' && failed)
    if (!belongs || !isUntried || !isHeld) return other
    return failed ? { ...other, row: 'dead' } : { ...other, row: 'waiting', held: false, redrive: 0 }
  }
  return { ...state, deliveries: state.deliveries.map(follow) }
}
