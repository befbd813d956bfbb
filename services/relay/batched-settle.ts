import type pg from 'pg'
import type { Delivery, Settlement } from '../../src/data/queue/deliveries.ts'
import { releaseFirst } from '../../src/data/queue/partitions.ts'
import { settleDeliveries } from '../../src/data/queue/settle-deliveries.ts'

/** The partition of a delivery, if it has one. */
export const partitionOf = ({ consumer, partition }: Pick<Delivery, 'consumer' | 'partition'>) =>
  partition === null ? [] : [{ consumer, partition }]

/** Resolves to whether the lease was still this relay's. */
type Settle = (settled: { readonly delivery: Delivery; readonly settlement: Settlement }) => Promise<boolean>

type WaitingSettlement = Parameters<Settle>[0] & PromiseWithResolvers<boolean>

const MAX_BATCH = 100

/** Settles together what arrives while the previous statement runs: one commit for many, and none waits for more. */
export function createBatchedSettle(pool: pg.Pool): Settle {
  const waiting: WaitingSettlement[] = []
  let running = false

  const settleWaiting = async () => {
    if (running) return
    running = true
    for (let batch = waiting.splice(0, MAX_BATCH); batch.length > 0; batch = waiting.splice(0, MAX_BATCH)) {
      await settleBatch(pool, batch)
    }
    running = false
  }

  return (settled) => {
    const result = Promise.withResolvers<boolean>()
    waiting.push({ ...settled, ...result })
    void settleWaiting()
    return result.promise
  }
}

async function settleBatch(pool: pg.Pool, batch: readonly WaitingSettlement[]): Promise<void> {
  try {
    const settled = await settleDeliveries(pool, batch)
    const ended = batch
      .filter(({ settlement }) => settlement.state !== 'waiting')
      .flatMap((one) => partitionOf(one.delivery))
    // Where this fails, the next look at everything makes up for it: what is settled is settled.
    await releaseFirst(pool, ended).catch(() => {})
    for (const { delivery, resolve } of batch) resolve(settled.has(delivery.leaseToken))
  } catch (error) {
    for (const { reject } of batch) reject(error)
  }
}
