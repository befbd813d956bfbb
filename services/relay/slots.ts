import type { Target } from './queue.ts'

const MAX_SLOTS_EACH = 100

/**
 * Counts the calls in flight. Each function has slots of its own (as many as its instances can take, at most 100, and at
 * most an equal share of `maxInFlight`), so that a slow one that fills its slots takes none from another.
 */
export function createSlots({ maxInFlight }: { readonly maxInFlight: number }) {
  const taken = new Map<string, number>()
  let each = maxInFlight
  const takenBy = (name: string) => taken.get(name) ?? 0
  return {
    /** Shares them between so many functions from now on. */
    share(functions: number): void {
      each = Math.max(1, Math.floor(maxInFlight / functions))
    },
    /** Returns how many more calls the function can take now. */
    free({ name, scale }: Pick<Target, 'name' | 'scale'>): number {
      return Math.max(0, Math.min(scale.max * scale.concurrency, MAX_SLOTS_EACH, each) - takenBy(name))
    },
    take(name: string): void {
      taken.set(name, takenBy(name) + 1)
    },
    release(name: string): void {
      taken.set(name, takenBy(name) - 1)
    },
  }
}
