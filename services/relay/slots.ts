import type { Target } from './queue.ts'

const MAX_SLOTS_EACH = 100
/** How much the last call counts in the share of calls that have failed. */
const LAST_WEIGHT = 0.1
/** Where more than this share of the last calls has failed, the next one waits: whoever is down is asked ten times a second. */
const DOWN_SHARE = 0.9
const DOWN_PAUSE_MS = 100

interface SlotsOptions {
  readonly maxInFlight: number
  /** Milliseconds on a clock that only goes forward. */
  readonly now?: () => number
}

/**
 * Counts the calls in flight. Each function has slots of its own (as many as its instances can take, at most 100, and at
 * most an equal share of `maxInFlight`), so that a slow one that fills its slots takes none from another. The more of its last
 * calls have failed, the fewer it has, down to one every 100 ms: what fails anyway takes neither its time to recover nor the time of
 * others.
 */
export function createSlots({ maxInFlight, now = () => performance.now() }: SlotsOptions) {
  const taken = new Map<string, number>()
  const failing = new Map<string, number>()
  const endedAt = new Map<string, number>()
  let each = maxInFlight
  const takenBy = (name: string) => taken.get(name) ?? 0
  const failingOf = (name: string) => failing.get(name) ?? 0
  const pausedMs = (name: string) =>
    failingOf(name) > DOWN_SHARE ? Math.max(0, (endedAt.get(name) ?? 0) + DOWN_PAUSE_MS - now()) : 0
  return {
    /** For how long the function has no slot, since its last calls have failed. */
    pausedMs,
    /** Shares them between so many functions from now on. */
    share(functions: number): void {
      each = Math.max(1, Math.floor(maxInFlight / functions))
    },
    /** Returns how many more calls the function can take now. */
    free({ name, scale }: Pick<Target, 'name' | 'scale'>): number {
      if (pausedMs(name) > 0) return 0
      const most = Math.min(scale.max * scale.concurrency, MAX_SLOTS_EACH, each)
      return Math.max(0, Math.max(1, Math.floor(most * (1 - failingOf(name)) ** 2)) - takenBy(name))
    },
    take(name: string): void {
      taken.set(name, takenBy(name) + 1)
    },
    /** Gives the slot of a call back that has `failed` if it is to be tried again. */
    release(name: string, { failed }: { readonly failed: boolean }): void {
      taken.set(name, takenBy(name) - 1)
      endedAt.set(name, now())
      failing.set(name, failingOf(name) * (1 - LAST_WEIGHT) + (failed ? LAST_WEIGHT : 0))
    },
  }
}
