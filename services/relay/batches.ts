import type pg from 'pg'
import type { Subscription } from '../../src/contract/index.ts'
import type { Delivery, LeaseOptions } from '../../src/data/queue/deliveries.ts'
import { findCompany, leaseBatch } from '../../src/data/queue/lease-batch.ts'
import type { createDueCalls } from './due-calls.ts'
import type { LeasedCall, Target } from './queue.ts'
import type { createRates } from './rates.ts'

interface BatchesOptions {
  readonly pool: pg.Pool
  readonly due: ReturnType<typeof createDueCalls>
  readonly rates: ReturnType<typeof createRates>
  readonly subscriptions: () => readonly Subscription[]
  /** Makes of the deliveries of one batch what is sent at once. */
  readonly toCalls: (deliveries: readonly Delivery[], target: Target) => readonly LeasedCall[]
}

/** How many batches are leased before the first of them is sent. */
const MAX_BATCHES = 5

/** Leases deliveries for subscribers with `batch`, which wait for each other. */
export function createBatches({ pool, due, rates, subscriptions, toCalls }: BatchesOptions) {
  /** Until calls are due, of the times until events are: the first one waits for as many as go together. */
  const findDueTimes = async (eventsDue: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, number>> => {
    const alone = subscriptions().flatMap(({ name, batch, retry }) => {
      const inMs = eventsDue.get(name)
      if (!batch || inMs === undefined) return []
      return [{ ...batch, name, inMs, attempts: retry.attempts, since: due.since(name) }]
    })
    const together = await findCompany(
      pool,
      alone.filter(({ inMs, withinMs }) => inMs > -withinMs),
    )
    const ends = alone.map(({ name, inMs, withinMs }) => {
      return [name, Math.min(inMs + withinMs, together.get(name) ?? Number.POSITIVE_INFINITY)] as const
    })
    return new Map(ends)
  }
  return {
    findDueTimes,
    /** At most `limit` calls, each a batch, where one is full or its first event has waited long enough. */
    lease: async (
      target: Target,
      batch: NonNullable<Subscription['batch']>,
      { limit, leaseMs }: LeaseOptions,
    ): Promise<readonly LeasedCall[]> => {
      const { name, retry } = target
      const rate = subscriptions().find((one) => one.name === name)?.rate
      const options = { ...batch, attempts: retry.attempts, leaseMs, since: due.since(name), rate }
      const calls: LeasedCall[] = []
      for (let left = Math.min(limit, MAX_BATCHES); left > 0; left--) {
        const deliveries = await leaseBatch(pool, name, options)
        if (deliveries.length === 0) break
        calls.push(...toCalls(deliveries, target))
      }
      if (!rate || calls.length > 0) return calls
      // Where they are due all the same, it is the rate that they wait for.
      const dueTimes = await findDueTimes(await due.findDueTimes([name]))
      if ((dueTimes.get(name) ?? 1) <= 0) rates.pause(name, rate)
      return calls
    },
  }
}
