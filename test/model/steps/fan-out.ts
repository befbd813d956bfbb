import { eventOf, type Model, RELAYS, type Relay, type State } from '../state.ts'
import { addWithRelease } from './release.ts'
import type { Step } from './step.ts'

/**
 * A relay's statement locks what is fresh; when it commits, the deliveries are there. What it leases in the same statement is the
 * same as what is leased right after it.
 */
export const fanOut: Step = (model, state, addNext) => {
  const add = addWithRelease(model, addNext)
  const fresh = findFresh(model, state)
  for (const relay of RELAYS) {
    const locked = findLockedBy(state, relay)
    if (locked.length > 0)
      add(commit(model, state, locked), () => `relay ${relay} commits the deliveries of ${listOf(locked)}`)
    else if (fresh.length > 0) add(lock(state, fresh, relay), () => `relay ${relay} begins to fan out ${listOf(fresh)}`)
  }
}

const listOf = (indexes: readonly number[]) => indexes.map((index) => `event ${index + 1}`).join(' and ')

function findFresh({ rules, bounds }: Model, { events, mark }: State): readonly number[] {
  const isAlone = events.every(({ fanOut: by }) => by === 'no' || by === 'done')
  if (bounds.oneKey && rules.fanOutIsAlone && !isAlone) return []
  return [...events.keys()].filter((index) => {
    const { emitted, fanOut: by, dropped } = events[index]!
    return emitted === 'committed' && by === 'no' && !dropped && (rules.fanOutByRows || index + 1 > mark)
  })
}

const findLockedBy = ({ events }: State, relay: Relay) =>
  [...events.keys()].filter((index) => events[index]!.fanOut === relay)

const lock = (state: State, indexes: readonly number[], relay: Relay): State => ({
  ...state,
  events: state.events.map((event, index) => (indexes.includes(index) ? { ...event, fanOut: relay } : event)),
})

function commit(model: Model, state: State, indexes: readonly number[]): State {
  const held = model.bounds.oneKey && model.rules.fanOutHolds
  return {
    ...state,
    events: state.events.map((event, index) => (indexes.includes(index) ? { ...event, fanOut: 'done' } : event)),
    deliveries: state.deliveries.map((delivery, index) =>
      indexes.includes(eventOf(index, model)) ? { ...delivery, row: 'waiting', held } : delivery,
    ),
    mark: model.rules.fanOutByRows ? 0 : Math.max(state.mark, ...indexes.map((index) => index + 1)),
  }
}
