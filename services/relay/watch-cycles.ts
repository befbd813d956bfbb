import type { Log } from 'ebb/kernel'
import { findEventCycles, type Subscription } from '../../src/contract/index.ts'

interface CyclesOptions {
  readonly subscriptions: () => readonly Pick<Subscription, 'name' | 'on' | 'emits'>[]
  readonly log: Pick<Log, 'warn'>
}

/**
 * Logs the cycles in which events may lead back to themselves: those that contracts say, and those that come of what handlers write. Which
 * tables that are no contract says; the log of the database does, as soon as it has happened once.
 */
export function watchCycles({ subscriptions, log }: CyclesOptions) {
  const written = new Map<string, Set<string>>()
  let known: ReadonlySet<string> = new Set()
  const find = () =>
    findEventCycles(
      subscriptions().map(({ name, on, emits }) => ({ name, on, emits: [...emits, ...(written.get(name) ?? [])] })),
    )
  const report = (cycles: readonly string[]) => {
    for (const cycle of cycles) log.warn({ cycle }, `event cycle: ${cycle}; a handler must break it`)
  }
  return {
    /** To be called when contracts are loaded: logs all of them. */
    check: () => {
      const cycles = find()
      report(cycles)
      known = new Set(cycles)
    },
    /** A function writes what is an event of that type: logs the cycles that are new by that. */
    add: (name: string, type: string) => {
      const types = written.get(name) ?? new Set()
      if (types.has(type)) return
      written.set(name, types.add(type))
      const cycles = find()
      report(cycles.filter((cycle) => !known.has(cycle)))
      known = new Set(cycles)
    },
  }
}
