import type pg from 'pg'
import { findDue, type QueueKind } from '../../src/data/queue/backlog.ts'
import { createLowerBound, type LowerBound } from '../../src/data/queue/lower-bound.ts'

/** Finds what is due in one queue, and remembers for each function from when on there may be something. */
export function createDueCalls(pool: pg.Pool, kind: QueueKind) {
  const bounds = new Map<string, LowerBound<string>>()
  const boundOf = (name: string) => {
    const bound = bounds.get(name) ?? createLowerBound<string>()
    bounds.set(name, bound)
    return bound
  }
  return {
    /** Resolves to the milliseconds until a call is due, for each of these functions that calls wait for. */
    async findDueTimes(names: readonly string[]): Promise<ReadonlyMap<string, number>> {
      const found = await findDue(
        ...([pool, kind] as const),
        names.map((name) => ({ name, since: boundOf(name).next() })),
      )
      for (const [name, { since }] of found) boundOf(name).found(since)
      return new Map([...found].flatMap(([name, { inMs }]) => (inMs === undefined ? [] : [[name, inMs]])))
    },
    /** Where the last look for this function has found that calls may wait. */
    since: (name: string): string | undefined => bounds.get(name)?.last(),
  }
}
