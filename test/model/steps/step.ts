import type { Model, State } from '../state.ts'

/** Takes a state that may come next, and what happens on the way there, in words. */
export type Add = (next: State, words: () => string) => void

/** Adds every state that one kind of step leads to. */
export type Step = (model: Model, state: State, add: Add) => void

/** Named as the exports that take them in the code. */
export type Steps = Readonly<Record<string, Step>>
