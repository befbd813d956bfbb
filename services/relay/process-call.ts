import { setTimeout as delay } from 'node:timers/promises'
import { type Log, traceIdOf } from 'ebb/kernel'
import type { Settlement } from '../../src/data/queue/deliveries.ts'
import type { RelayMetrics } from './metrics.ts'
import type { Attempt, LeasedAttempt, LeasedCall } from './queue.ts'

export interface ProcessOptions {
  /** On the clock of `performance.now()`. */
  readonly leaseEndsAt: number
  readonly log: Log
  readonly metrics: RelayMetrics
  /** Ends what is running: the call counts as unanswered, and a settlement is not tried again. */
  readonly signal: AbortSignal
}

type Reporting = Pick<ProcessOptions, 'log' | 'metrics'>

const INITIAL_RETRY_MS = 50
const MAX_RETRY_MS = 1_000

/**
 * Takes one leased call to its end: send, and for each attempt that it is classify, settle, report. Never rejects. Resolves to
 * when it is due again, and to whether others are because of it.
 */
export async function processCall(
  leased: LeasedCall,
  options: ProcessOptions,
): Promise<{ readonly retryInMs: number | undefined; readonly unblocksOthers: boolean }> {
  const { unblocksOthers, others = [] } = leased
  const attempts = [leased, ...others]
  for (const { function: consumer, waitedSeconds: seconds } of attempts) {
    if (seconds !== undefined) options.metrics.firstAttempt({ consumer, seconds })
  }
  const outcome = await leased.send(options.signal)
  const retries = await Promise.all(attempts.map((attempt) => endAttempt(attempt, attempt.classify(outcome), options)))
  const first = Math.min(...retries.map((retryInMs = Number.POSITIVE_INFINITY) => retryInMs))
  return { retryInMs: Number.isFinite(first) ? first : undefined, unblocksOthers }
}

/** Resolves to when it is due again. */
async function endAttempt(
  leased: LeasedAttempt,
  settlement: Settlement,
  { leaseEndsAt, signal, ...reporting }: ProcessOptions,
): Promise<number | undefined> {
  try {
    const applied = await settleWithinLease(() => leased.settle(settlement), { leaseEndsAt, signal })
    reportAttempt(reporting, leased, applied ? settlement : { ...settlement, state: 'stale' })
  } catch (error) {
    const { status, durationMs } = settlement
    reporting.log.error({ ...logFields(leased), outcome: 'unsettled', status, err: error }, 'delivery')
    count(reporting, leased, 'unsettled', durationMs)
  }
  return settlement.retryInMs
}

/**
 * Logs and counts an attempt that is settled, by this relay or by the end of its lease. Its outcome is the settlement's
 * state, `stale` if the lease was lost to another relay before, or `unsettled` (see `processCall`) if the database could
 * not be told before the lease ended. The line says `delivery` for an invocation, too, whose `type` is `invocation`.
 */
export function reportAttempt(
  reporting: Reporting,
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
  if (state === 'dead' || state === 'stale') reporting.log.warn(line, 'delivery')
  else reporting.log.info(line, 'delivery')
  count(reporting, attempt, outcome, durationMs)
}

const count = ({ metrics }: Reporting, { function: consumer }: Attempt, outcome: string, durationMs: number) =>
  metrics.attempted({ consumer, outcome, seconds: durationMs / 1_000 })

const logFields = ({ id, type, function: name, attempt, correlationId, traceparent }: Attempt) => ({
  ...{ event: id, type, function: name, attempt },
  ...{ correlationId, traceId: traceIdOf(traceparent) },
})

/** Retries while the database is unavailable, until the lease ends: from then on any relay may lease the call. */
async function settleWithinLease(
  settle: () => Promise<boolean>,
  { leaseEndsAt, signal }: Pick<ProcessOptions, 'leaseEndsAt' | 'signal'>,
): Promise<boolean> {
  for (let waitMs = INITIAL_RETRY_MS; ; waitMs = Math.min(waitMs * 2, MAX_RETRY_MS)) {
    try {
      return await settle()
    } catch (error) {
      if (signal.aborted || performance.now() + waitMs > leaseEndsAt) throw error
    }
    await delay(waitMs, undefined, { signal })
  }
}
