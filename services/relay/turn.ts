import type { Subscription } from 'ebb/contract'
import { type Delivery, dueTimes, fanOut, leaseDeliveries, returnLost } from '../../src/data/deliveries.ts'
import { deliver, logAttempt } from './deliver.ts'
import type { RelayParts } from './relay.ts'
import { createSeats, type Seat } from './seats.ts'
import { createSettle } from './settle.ts'

export interface TurnOptions {
  readonly mostInFlight: number
  readonly random: () => number
  /** From here on nothing is leased. */
  readonly closing: AbortSignal
  /** From here on what is in flight is given up. */
  readonly giveUp: AbortSignal
  /** Called when the last turn did not know what it would now find. */
  readonly wake: () => void
}

export interface Turn {
  /** Whether there was something to do. */
  readonly found: boolean
  /** Until something is due for a subscriber that had a free seat; Infinity where nothing waits. */
  readonly nextDueMs: number
}

/** What a lease outlives the longest push by, for settling it. */
const SETTLE_MS = 10_000

/** One round of the relay: fan out, take back what is lost, lease what is due and set it on its way. */
export function createTurn(parts: RelayParts, { mostInFlight, random, closing, giveUp, wake }: TurnOptions) {
  const { pool, log, startTimeoutMs } = parts
  const places = createSeats({ mostInFlight })
  const settle = createSettle(pool)
  const running = new Set<Promise<void>>()
  const leaseMsOf = ({ timeoutMs }: Subscription) => startTimeoutMs + timeoutMs + SETTLE_MS

  const takeBack = async (subscriptions: readonly Subscription[]) => {
    const lost = await returnLost(
      pool,
      subscriptions.map((known) => ({
        consumer: known.name,
        attempts: known.retry.attempts,
        leaseMs: leaseMsOf(known),
      })),
    )
    for (const delivery of lost) logAttempt(log, delivery, { ...delivery, error: 'the relay was lost' })
    return lost.length
  }

  const lease = async ({ subscription, free }: Seat) => {
    if (closing.aborted) return 0
    const leaseMs = leaseMsOf(subscription)
    const leaseEndsAt = performance.now() + leaseMs
    const leased = await leaseDeliveries(pool, subscription.name, { most: free, leaseMs })
    for (const delivery of leased) start(delivery, { subscription, leaseEndsAt })
    return leased.length
  }

  const start = (delivery: Delivery, lent: { subscription: Subscription; leaseEndsAt: number }) => {
    places.take(delivery.consumer)
    const run = deliver(delivery, lent, { settle, log, random, signal: giveUp, push: parts.push }).then(({ again }) => {
      running.delete(run)
      const wasFull = places.leave(delivery.consumer)
      if (again || wasFull) wake()
    })
    running.add(run)
  }

  return {
    async take(): Promise<Turn> {
      const subscriptions = parts.subscriptions()
      const fanned = await fanOut(pool, subscriptions)
      const lost = await takeBack(subscriptions)
      const seats = places.free(subscriptions)
      const due = await dueTimes(
        pool,
        seats.map(({ subscription }) => subscription.name),
      )
      const dueNow = seats.filter(({ subscription }) => (due.get(subscription.name) ?? 1) <= 0)
      const leased = await Promise.all(dueNow.map(lease))
      const found = fanned + lost + leased.reduce((sum, count) => sum + count, 0) > 0
      return { found, nextDueMs: Math.min(...due.values()) }
    },
    /** Resolves when nothing is in flight. */
    async settled(): Promise<void> {
      await Promise.all(running)
    },
  }
}
