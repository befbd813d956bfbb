import type { Target } from './work.ts'

const MOST_EACH = 100

/**
 * Counts the calls in flight. Each function has seats of its own (what its instances can take, at most 100, and at most
 * an equal share of `mostInFlight`), so that a slow one that fills its seats takes none from another.
 */
export function createSeats({ mostInFlight }: { readonly mostInFlight: number }) {
  const taken = new Map<string, number>()
  let full = new Set<string>()
  const takenBy = (name: string) => taken.get(name) ?? 0
  return {
    /** The functions that can take more now, and how much. */
    free(targets: readonly Target[]): ReadonlyMap<string, number> {
      const share = Math.max(1, Math.floor(mostInFlight / targets.length))
      const seats = targets.map(({ name, scale }): [string, number] => {
        return [name, Math.min(scale.max * scale.concurrency, MOST_EACH, share) - takenBy(name)]
      })
      full = new Set(seats.flatMap(([name, free]) => (free <= 0 ? [name] : [])))
      return new Map(seats.filter(([, free]) => free > 0))
    },
    take(name: string): void {
      taken.set(name, takenBy(name) + 1)
    },
    /** Answers whether the function was full when it was last asked for. */
    leave(name: string): boolean {
      taken.set(name, takenBy(name) - 1)
      return full.has(name)
    },
  }
}
