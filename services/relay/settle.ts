import type pg from 'pg'
import { type Delivery, type Settlement, settleDeliveries } from '../../src/data/deliveries.ts'

/** Answers whether the lease was still ours. */
export type Settle = (settled: { readonly delivery: Delivery; readonly settlement: Settlement }) => Promise<boolean>

type Waiting = Parameters<Settle>[0] & PromiseWithResolvers<boolean>

const MOST_AT_ONCE = 100

/** Settles together what comes while the statement before is under way: one commit for many, none waits for more. */
export function createSettle(pool: pg.Pool): Settle {
  const waiting: Waiting[] = []
  let underWay = false

  const settleWaiting = async () => {
    if (underWay) return
    underWay = true
    for (let batch = waiting.splice(0, MOST_AT_ONCE); batch.length > 0; batch = waiting.splice(0, MOST_AT_ONCE)) {
      await settleBatch(pool, batch)
    }
    underWay = false
  }

  return (settled) => {
    const answer = Promise.withResolvers<boolean>()
    waiting.push({ ...settled, ...answer })
    void settleWaiting()
    return answer.promise
  }
}

async function settleBatch(pool: pg.Pool, batch: readonly Waiting[]): Promise<void> {
  try {
    const ours = await settleDeliveries(pool, batch)
    for (const { delivery, resolve } of batch) resolve(ours.has(delivery.leaseToken))
  } catch (fault) {
    for (const { reject } of batch) reject(fault)
  }
}
