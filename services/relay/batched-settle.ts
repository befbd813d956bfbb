import type pg from 'pg'
import type { Delivery, Settlement } from '../../src/data/queue/deliveries.ts'
import { releaseFirst } from '../../src/data/queue/partitions.ts'
import { settleDeliveries } from '../../src/data/queue/settle-deliveries.ts'
import { createBatched } from './batched.ts'

/** The partition of a delivery, if it has one. */
export const partitionOf = ({ consumer, partition }: Pick<Delivery, 'consumer' | 'partition'>) =>
  partition === null ? [] : [{ consumer, partition }]

/** Resolves to whether the lease was still this relay's. */
type Settle = (settled: { readonly delivery: Delivery; readonly settlement: Settlement }) => Promise<boolean>

/** Settles together what arrives while the previous statement runs: one commit for many, and none waits for more. */
export const createBatchedSettle = (pool: pg.Pool): Settle =>
  createBatched(async (batch) => {
    const settled = await settleDeliveries(pool, batch)
    const ended = batch
      .filter(({ settlement }) => settlement.state !== 'waiting')
      .flatMap((one) => partitionOf(one.delivery))
    // Where this fails, the next look at everything makes up for it: what is settled is settled.
    await releaseFirst(pool, ended).catch(() => {})
    return batch.map(({ delivery }) => settled.has(delivery.leaseToken))
  })
