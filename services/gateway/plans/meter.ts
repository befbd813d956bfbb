import { randomUUID } from 'node:crypto'
import { Problem, type Quota } from 'ebb/contract'
import type { Meter, RateLimitDecision } from 'ebb/http/gateway'
import { type Charge, createBoundedMap, type Log } from 'ebb/kernel'
import { errorCodeOf } from '../../../src/data/postgres/database-error.ts'
import { createOutageReporter } from '../../../src/data/redis.ts'
import type { Granted, UsageEntry } from '../../../src/data/usage.ts'
import { type Batch, createBatches } from './usage-batch.ts'

/** Counts a batch under its number; one that was counted before gets the same answer, and counts once. */
export type RecordUsage = (
  batch: { readonly gateway: string; readonly number: number },
  entries: readonly UsageEntry[],
) => Promise<readonly (Granted | undefined)[]>

export interface MeterOptions {
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>
  /** Called for each request that could not be counted: one with a quota was refused. */
  readonly onUncounted?: () => void
  /** How long a request waits to be counted; default: 2 s. */
  readonly waitMs?: number
  /** How long what need not be counted at once is kept; default: 1 s. */
  readonly delayMs?: number
  /** Reads what is used of the quota of a charge; default: nobody can. */
  readonly readUsed?: Meter['readUsed']
  /** Between two attempts to count a batch; default: 100 ms. */
  readonly retryMs?: number
}

/** Quotas that are known to be used up. */
const MAX_SPENT = 10_000
/** For so long a quota that is used up is refused without asking. */
const MAX_SPENT_MS = 10_000

/**
 * Counts requests in Postgres, in batches: what comes while one batch runs makes up the next, so that many requests share
 * one commit. A request with a quota goes on once its batch is committed. A batch whose answer was lost is sent again under
 * its number, until it is known what came of it; what it granted to requests that did not wait is given back.
 */
export function createMeter(record: RecordUsage, options: MeterOptions): Meter & { close(): Promise<void> } {
  const { log, onUncounted = () => {}, waitMs = 2_000, delayMs = 1_000, retryMs = 100, readUsed } = options
  const report = createOutageReporter(log, {
    lost: 'requests cannot be counted; those of plans with a quota are refused',
    restored: 'requests are counted again',
  })
  const gateway = randomUUID()
  const spent = createBoundedMap<string, { readonly refusal: RateLimitDecision; readonly until: number }>(MAX_SPENT)
  const batches = createBatches()
  let number = 0
  let running: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let downSince: number | undefined
  let closed = false

  const flush = () => {
    if (running) return
    clearTimeout(timer)
    timer = undefined
    const batch = batches.shift()
    if (!batch) return
    running = run(batch, ++number).finally(() => {
      running = undefined
      if (batches.isUrgent()) flush()
      else later()
    })
  }
  const later = () => {
    if (!batches.isEmpty()) timer ??= setTimeout(flush, delayMs).unref()
  }

  async function run(batch: Batch, number: number): Promise<void> {
    for (;;) {
      try {
        const granted = await record({ gateway, number }, batch.entries)
        downSince = undefined
        report(true)
        return settle(batch, granted)
      } catch (error) {
        if (isRolledBack(error)) return drop(batch, error)
        downSince ??= performance.now()
        report(false, error)
        if (closed && batch.waiting() === 0) return
        await new Promise((resolve) => setTimeout(resolve, retryMs))
      }
    }
  }

  /** The same statement would fail again, and hold up all that comes after it. */
  function drop(batch: Batch, error: unknown) {
    log.error({ err: error }, 'the database refuses to count these requests')
    for (const { waiters } of batch.groups) for (const end of waiters) end(undefined)
  }

  function settle(batch: Batch, granted: readonly (Granted | undefined)[]) {
    for (const [i, { charge, waiters }] of batch.groups.entries()) {
      const of = granted[i]
      if (!of || !charge.quota) continue
      for (const [rank, end] of waiters.entries()) {
        const decision = decisionOn(charge.quota, of, rank)
        if (!end(decision) && decision.allowed) giveBack(charge)
      }
      if (of.granted < waiters.length) remember(charge, decisionOn(charge.quota, of, waiters.length))
    }
  }

  const remember = (charge: Charge, refusal: RateLimitDecision) => {
    const until = performance.now() + Math.min(refusal.waitSeconds * 1_000, MAX_SPENT_MS)
    spent.set(spentKeyOf(charge), { refusal, until })
  }
  const giveBack = (charge: Charge) => {
    spent.delete(spentKeyOf(charge))
    batches.count(charge, { counted: -1, refused: 0 })
    later()
  }

  return {
    giveBack,
    readUsed,
    take: async (charge) => {
      const isDown = downSince !== undefined && performance.now() - downSince > waitMs
      const decided = isDown ? undefined : batches.wait(charge, waitMs)
      flush()
      const decision = await decided
      if (!decision) throw uncounted()
      return decision
    },
    findRefusal: (charge) => {
      const known = spent.size > 0 ? spent.get(spentKeyOf(charge)) : undefined
      return known && known.until > performance.now() ? known.refusal : undefined
    },
    count: (charge, what) => {
      const counts = what === 'refused' ? { counted: 0, refused: 1 } : { counted: 1, refused: 0 }
      if (!batches.count(charge, counts)) onUncounted()
      later()
    },
    async close() {
      closed = true
      while (downSince === undefined && (running || !batches.isEmpty())) {
        flush()
        await running
      }
    },
  }

  function uncounted(): Problem {
    onUncounted()
    const message = 'Requests of your plan cannot be counted at the moment; retry later.'
    return new Problem('unavailable', 503, message, { retryAfterSeconds: 2 })
  }
}

/** A quota that becomes larger is asked again. */
const spentKeyOf = ({ holder, quota }: Charge) => `${quota?.per} ${quota?.requests} ${holder}`

/** Of those that waited, the first have been granted; `rank` counts from 0. */
function decisionOn({ requests }: Quota, { granted, used, resetMs }: Granted, rank: number): RateLimitDecision {
  const allowed = rank < granted
  const remaining = allowed ? Math.max(0, requests - used + (granted - 1 - rank)) : 0
  return { allowed, remaining, waitSeconds: Math.max(1, Math.ceil(resetMs / 1_000)) }
}

/** Whether the database has answered, and kept nothing of it. */
const isRolledBack = (error: unknown) => !(error instanceof Problem) && /^[0-9A-Z]{5}$/.test(errorCodeOf(error))
