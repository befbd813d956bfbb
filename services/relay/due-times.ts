export interface DueTimes {
  /** Notes that a call for this function is due in so many milliseconds, if none is due before. */
  add(name: string, dueInMs: number): void
  /** Forgets what was noted for these functions: to be called before it is looked up again, so that nothing is missed. */
  forget(names: readonly string[]): void
  /** Milliseconds until the first call for this function is due; 0 where it is; Infinity where none is known to wait. */
  next(name: string): number
  isDue(name: string): boolean
}

/** Remembers when the first call for each function is due, so that the database is asked only where one is. */
export function createDueTimes({ now = () => performance.now() } = {}): DueTimes {
  const times = new Map<string, number>()
  const next = (name: string) => Math.max(0, (times.get(name) ?? Number.POSITIVE_INFINITY) - now())
  const add = (name: string, dueInMs: number) => {
    times.set(name, Math.min(times.get(name) ?? Number.POSITIVE_INFINITY, now() + dueInMs))
  }
  return {
    add,
    forget: (names) => {
      for (const name of names) times.delete(name)
    },
    next,
    isDue: (name) => next(name) === 0,
  }
}
