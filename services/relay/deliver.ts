import { setTimeout as delay } from 'node:timers/promises'
import type { Subscription } from 'ebb/contract'
import { type Log, traceIdOf } from 'ebb/kernel'
import type { Delivery, LostDelivery, Settlement } from '../../src/data/deliveries.ts'
import { judge } from './judge.ts'
import type { Push } from './push.ts'
import type { Settle } from './settle.ts'

export interface DeliverOptions {
  readonly settle: Settle
  readonly push: Push
  readonly log: Log
  readonly random: () => number
  /** Ends what runs: a push counts as unanswered, and a settlement is not tried again. */
  readonly signal: AbortSignal
}

const FIRST_RETRY_MS = 50
const LAST_RETRY_MS = 1_000

/**
 * Carries one leased delivery to its end: push, judge, settle, one log line. Never rejects; answers whether it will be
 * due again. `leaseEndsAt` is on the clock of `performance.now()`.
 */
export async function deliver(
  delivery: Delivery,
  { subscription, leaseEndsAt }: { readonly subscription: Subscription; readonly leaseEndsAt: number },
  { settle, push, log, random, signal }: DeliverOptions,
): Promise<{ readonly again: boolean }> {
  const answer = await push(delivery, subscription, signal)
  const settlement = judge(answer, delivery.attempt, { retry: subscription.retry, random })
  try {
    const applied = await settleInTime(settle, { delivery, settlement }, { leaseEndsAt, signal })
    logAttempt(log, delivery, applied ? settlement : { ...settlement, state: 'stale' })
  } catch (fault) {
    log.error({ ...about(delivery), outcome: 'unsettled', status: settlement.status, err: fault }, 'delivery')
  }
  return { again: settlement.state === 'waiting' }
}

/** Logs an attempt that is settled, by us or by the end of its lease. */
export function logAttempt(
  log: Log,
  delivery: LostDelivery | Delivery,
  {
    state,
    status,
    error,
    durationMs,
    retryInMs,
  }: Omit<Settlement, 'state'> & { readonly state: Settlement['state'] | 'stale' },
): void {
  const outcome = state === 'waiting' ? 'retry' : state
  const line = { ...about(delivery), outcome, status, error, durationMs, retryInMs }
  if (state === 'dead' || state === 'stale') log.warn(line, 'delivery')
  else log.info(line, 'delivery')
}

const about = ({ eventId, type, consumer, attempt, correlationId, traceparent }: LostDelivery | Delivery) => ({
  ...{ event: eventId, type, function: consumer, attempt },
  ...{ correlationId, traceId: traceIdOf(traceparent) },
})

/** Settles, again and again while the database is away, until the lease ends: then the delivery is anybody's. */
async function settleInTime(
  settle: Settle,
  settled: Parameters<Settle>[0],
  { leaseEndsAt, signal }: { leaseEndsAt: number; signal: AbortSignal },
): Promise<boolean> {
  for (let waitMs = FIRST_RETRY_MS; ; waitMs = Math.min(waitMs * 2, LAST_RETRY_MS)) {
    try {
      return await settle(settled)
    } catch (fault) {
      if (signal.aborted || performance.now() + waitMs > leaseEndsAt) throw fault
    }
    await delay(waitMs, undefined, { signal })
  }
}
