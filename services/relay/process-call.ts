import { setTimeout as delay } from 'node:timers/promises'
import { type Log, traceIdOf } from 'ebb/kernel'
import type { Settlement } from '../../src/data/queue/deliveries.ts'
import type { RelayMetrics } from './metrics.ts'
import type { Attempt, LeasedCall } from './queue.ts'

export interface ProcessOptions {
  /** On the clock of `performance.now()`. */
  readonly leaseEndsAt: number
  readonly log: Log
  readonly metrics: RelayMetrics
  /** Ends what runs: a push counts as unanswered, and a settlement is not tried again. */
  readonly signal: AbortSignal
}

type Reporting = Pick<ProcessOptions, 'log' | 'metrics'>

const INITIAL_RETRY_MS = 50
const MAX_RETRY_MS = 1_000

/**
 * Carries one leased call to its end: push, judge, settle, tell. Never rejects; answers whether it, or another
 * one because of it, may be due again.
 */
export async function processCall(
  leased: LeasedCall,
  { leaseEndsAt, signal, ...told }: ProcessOptions,
): Promise<{ readonly again: boolean }> {
  const settlement = leased.judge(await leased.push(signal))
  try {
    const applied = await settleInTime(() => leased.settle(settlement), { leaseEndsAt, signal })
    reportAttempt(told, leased, applied ? settlement : { ...settlement, state: 'stale' })
  } catch (fault) {
    const { status, durationMs } = settlement
    told.log.error({ ...logFields(leased), outcome: 'unsettled', status, err: fault }, 'delivery')
    count(told, leased, 'unsettled', durationMs)
  }
  return { again: leased.unblocksOthers || settlement.state === 'waiting' }
}

/** Logs and counts an attempt that is settled, by us or by the end of its lease. */
export function reportAttempt(
  told: Reporting,
  attempt: Attempt,
  {
    state,
    status,
    error,
    durationMs,
    retryInMs,
  }: Omit<Settlement, 'state'> & { readonly state: Settlement['state'] | 'stale' },
): void {
  const outcome = state === 'waiting' ? 'retry' : state
  const line = { ...logFields(attempt), outcome, status, error, durationMs, retryInMs }
  if (state === 'dead' || state === 'stale') told.log.warn(line, 'delivery')
  else told.log.info(line, 'delivery')
  count(told, attempt, outcome, durationMs)
}

const count = ({ metrics }: Reporting, { function: consumer }: Attempt, outcome: string, durationMs: number) =>
  metrics.attempted({ consumer, outcome, seconds: durationMs / 1_000 })

const logFields = ({ id, type, function: name, attempt, correlationId, traceparent }: Attempt) => ({
  ...{ event: id, type, function: name, attempt },
  ...{ correlationId, traceId: traceIdOf(traceparent) },
})

/** Settles, again and again while the database is away, until the lease ends: then the call is anybody's. */
async function settleInTime(
  settle: () => Promise<boolean>,
  { leaseEndsAt, signal }: Pick<ProcessOptions, 'leaseEndsAt' | 'signal'>,
): Promise<boolean> {
  for (let waitMs = INITIAL_RETRY_MS; ; waitMs = Math.min(waitMs * 2, MAX_RETRY_MS)) {
    try {
      return await settle()
    } catch (fault) {
      if (signal.aborted || performance.now() + waitMs > leaseEndsAt) throw fault
    }
    await delay(waitMs, undefined, { signal })
  }
}
