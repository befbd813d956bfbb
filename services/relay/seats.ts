import type { Subscription } from 'ebb/contract'

export interface Seat {
  readonly subscription: Subscription
  readonly free: number
}

const MOST_EACH = 100

/**
 * Counts the deliveries in flight. Each subscriber has seats of its own (what its instances can take, at most 100, and
 * at most an equal share of `mostInFlight`), so that a slow one that fills its seats takes none from another.
 */
export function createSeats({ mostInFlight }: { readonly mostInFlight: number }) {
  const taken = new Map<string, number>()
  let full = new Set<string>()
  const takenBy = (name: string) => taken.get(name) ?? 0
  return {
    /** The subscribers that can take more now, and how much. */
    free(subscriptions: readonly Subscription[]): Seat[] {
      const share = Math.max(1, Math.floor(mostInFlight / subscriptions.length))
      const seats = subscriptions.map((subscription) => {
        const { name, scale } = subscription
        return { subscription, free: Math.min(scale.max * scale.concurrency, MOST_EACH, share) - takenBy(name) }
      })
      full = new Set(seats.filter(({ free }) => free <= 0).map(({ subscription }) => subscription.name))
      return seats.filter(({ free }) => free > 0)
    },
    take(name: string): void {
      taken.set(name, takenBy(name) + 1)
    },
    /** Answers whether the subscriber was full when it was last asked for. */
    leave(name: string): boolean {
      taken.set(name, takenBy(name) - 1)
      return full.has(name)
    },
  }
}
