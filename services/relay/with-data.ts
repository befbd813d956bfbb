import type pg from 'pg'
import type { Delivery } from '../../src/data/queue/deliveries.ts'
import { readData } from '../../src/data/queue/payloads.ts'
import { createByteBudget } from './byte-budget.ts'
import type { CallOutcome } from './call-function.ts'

/** Sends a delivery whose data are at hand. Never rejects. */
type Send = (data: string | Uint8Array) => Promise<CallOutcome>

/** For the data of all large events that are being sent; the relay's own memory is some times as much while they are read. */
const TOTAL_BYTES = 32 * 1024 * 1024
/** Less than a lease outlives its call. */
const MAX_WAIT_MS = 5_000

/**
 * Creates what sends deliveries with their data: those of large events are read when there is memory for them, one after the other. An
 * event that waits for too long is handed back, without that this counts as an attempt.
 */
export function createWithData(
  pool: pg.Pool,
  {
    totalBytes = TOTAL_BYTES,
    maxWaitMs = MAX_WAIT_MS,
  }: { readonly totalBytes?: number; readonly maxWaitMs?: number } = {},
) {
  const budget = createByteBudget({ totalBytes, eachBytes: totalBytes / 4 })
  let reading: Promise<unknown> = Promise.resolve()
  const read = (delivery: Delivery) => {
    const data = reading.then(() => readData(pool, delivery))
    reading = data.catch(() => {})
    return data
  }

  const sendLarge = async (delivery: Delivery, signal: AbortSignal, send: Send): Promise<CallOutcome> => {
    const startedAt = performance.now()
    const failed = (error: string): CallOutcome => ({ durationMs: Math.round(performance.now() - startedAt), error })
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(maxWaitMs)])
    const release = await budget.take(delivery.consumer, delivery.dataBytes, inTime).catch(() => undefined)
    if (!release) return { ...failed('the relay was busy with other large events'), notSent: true }
    try {
      const data = await read(delivery)
      // Bytes, since a text that is not Latin takes twice as much.
      return data === undefined ? failed('the lease was lost') : await send(Buffer.from(data))
    } catch (error) {
      return failed(`its data could not be read: ${(error as Error).message}`)
    } finally {
      release()
    }
  }
  return (delivery: Delivery, signal: AbortSignal, send: Send) =>
    delivery.data === null ? sendLarge(delivery, signal, send) : send(delivery.data)
}
