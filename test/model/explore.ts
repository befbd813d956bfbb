import { endsDoneOrDead, INVARIANTS } from './invariants.ts'
import { numberStates } from './number-states.ts'
import { createInitialState, type Model, type State } from './state.ts'
import { FAULTS } from './steps/faults.ts'
import type { Steps } from './steps/step.ts'

export interface Exploration {
  readonly states: number
  /** How many ways lead from one state to another. */
  readonly transitions: number
  /** How many steps the farthest state is away. */
  readonly depth: number
  /** The nearest state that must not be; undefined where there is none. */
  readonly violation: Violation | undefined
}

interface Violation {
  readonly invariant: string
  /** What is wrong, in words. */
  readonly message: string
  /** The shortest way there. */
  readonly timeline: readonly string[]
}

/**
 * Visits all states that steps and faults lead to, the nearest first, and ends at the first one that breaks an invariant. A
 * state from which only faults lead on must be an end where all is done or dead. Since steps without faults never come back to
 * a state, each run gets to such an end when the faults cease.
 */
export function explore(steps: Steps, model: Model): Exploration {
  const numberOf = numberStates()
  const initial = createInitialState(model.bounds)
  const states = [initial]
  const parents = [-1]
  const depths = [0]
  /** The place of a state by its number. */
  const places: number[] = []
  places[numberOf(initial)] = 0
  const stepsFrom: number[] = [0]
  const stepTargets: number[] = []
  let transitions = 0

  const end = (place: number, found: Omit<Violation, 'timeline'> | undefined): Exploration => {
    const violation = found && { ...found, timeline: timelineOf(steps, model, { states, parents, place }) }
    return { states: states.length, transitions, depth: depths.at(-1) ?? 0, violation }
  }
  for (let place = 0; place < states.length; place++) {
    const state = states[place]!
    const broken = findBroken(model, state)
    if (broken) return end(place, broken)
    forEachSuccessor(steps, model, state, (next, isFault) => {
      const number = numberOf(next)
      const known = places[number]
      if (known === place) return
      transitions++
      const target = known ?? states.push(next) - 1
      if (known === undefined) {
        places[number] = target
        parents.push(place)
        depths.push(depths[place]! + 1)
      }
      if (!isFault) stepTargets.push(target)
    })
    stepsFrom.push(stepTargets.length)
    const unended = stepsFrom[place] === stepTargets.length ? endsDoneOrDead(model, state) : undefined
    if (unended) return end(place, { invariant: 'endsDoneOrDead', message: unended })
  }
  const repeated = findCycle(stepsFrom, stepTargets)
  return end(
    repeated ?? 0,
    repeated === undefined ? undefined : { invariant: 'endsDoneOrDead', message: 'a run may go on without end' },
  )
}

type Visit = (next: State, isFault: boolean, name: string, words: () => string) => void

function forEachSuccessor(steps: Steps, model: Model, state: State, visit: Visit): void {
  for (const name in steps) steps[name]!(model, state, (next, words) => visit(next, false, name, words))
  const { faults } = model.bounds
  if (state.faults >= faults) return
  const count = Number.isFinite(faults) ? state.faults + 1 : 0
  for (const name in FAULTS)
    FAULTS[name]!(model, state, (next, words) => visit({ ...next, faults: count }, true, name, words))
}

function findBroken(model: Model, state: State): Omit<Violation, 'timeline'> | undefined {
  for (const invariant in INVARIANTS) {
    const message = INVARIANTS[invariant]!(model, state)
    if (message) return { invariant, message }
  }
  return undefined
}

/**
 * Finds a place from which steps lead back to it. Those from place n lead to `targets` at `from[n]` to `from[n + 1]`: places
 * that no step leads to are taken away, one after the other, and what is left is on a cycle or behind one.
 */
function findCycle(from: readonly number[], targets: readonly number[]): number | undefined {
  const incoming = new Int32Array(from.length - 1)
  for (const target of targets) incoming[target]!++
  const free = [...incoming.keys()].filter((place) => incoming[place] === 0)
  for (const place of free)
    for (let at = from[place]!; at < from[place + 1]!; at++)
      if (--incoming[targets[at]!]! === 0) free.push(targets[at]!)
  const left = incoming.findIndex((count) => count > 0)
  return left === -1 ? undefined : left
}

interface Way {
  readonly states: readonly State[]
  readonly parents: readonly number[]
  readonly place: number
}

/** Takes the steps to a state once more, now with their words. */
function timelineOf(steps: Steps, model: Model, { states, parents, place }: Way): readonly string[] {
  const numberOf = numberStates()
  const lines: string[] = []
  for (let at = place; parents[at]! >= 0; at = parents[at]!) {
    const wanted = numberOf(states[at]!)
    let line: string | undefined
    forEachSuccessor(steps, model, states[parents[at]!]!, (next, isFault, name, words) => {
      if (numberOf(next) === wanted) line ??= isFault ? words() : `${words()} (${name})`
    })
    lines.unshift(line ?? 'nothing leads here')
  }
  return lines
}
