import { type Model, nameOf, type State } from '../state.ts'
import type { Add, Step } from './step.ts'

/** A relay makes the first of a key due. It may happen at any time, since one looks at all keys now and then. */
export const releaseFirst: Step = (model, state, add) => {
  if (!model.rules.releaseLooksAtAll) return
  for (let subscriber = 0; subscriber < model.bounds.subscribers; subscriber++) {
    const first = findHeld(model, state, subscriber)
    if (first !== undefined)
      add(release(state, first), () => `a relay releases ${nameOf(first, model)}, the first of its key`)
  }
}

/** The first of a key that is neither done nor dead, where it is held. */
function findHeld({ rules, bounds: { subscribers } }: Model, { deliveries }: State, subscriber: number) {
  for (let index = subscriber; index < deliveries.length; index += subscribers) {
    const { row, held } = deliveries[index]!
    if (row === 'waiting' || (row === 'leased' && rules.releaseWaitsForLeased)) return held ? index : undefined
  }
  return undefined
}

const release = (state: State, index: number): State => ({
  ...state,
  deliveries: state.deliveries.with(index, { ...state.deliveries[index]!, held: false }),
})

/** Where nobody looks at all keys, a relay releases what follows right after the end of one, unless it is killed in between. */
export function addWithRelease(model: Model, add: Add): Add {
  if (model.rules.releaseLooksAtAll) return add
  return (next, words) => {
    let released = next
    for (let subscriber = 0; subscriber < model.bounds.subscribers; subscriber++) {
      const first = findHeld(model, next, subscriber)
      if (first !== undefined) released = release(released, first)
    }
    add(released, words)
    if (released !== next) add(next, () => `${words()}, and does not get to release what follows`)
  }
}
