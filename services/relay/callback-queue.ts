import type pg from 'pg'
import {
  findCallbackDueTime,
  leaseCallbacks,
  reclaimCallbacks,
  settleCallback,
} from '../../src/data/queue/callback-queue.ts'
import type { Settlement } from '../../src/data/queue/deliveries.ts'
import type { InvocationNotifier } from '../../src/data/queue/notify-invocations.ts'
import type { CallOutcome } from './call-function.ts'
import { classifyResponse } from './classify-response.ts'
import type { LeasedCall, Queue, Target } from './queue.ts'
import { CALLBACK_TIMEOUT_MS, type CallbackSender } from './send-callback.ts'

export interface CallbackQueueOptions {
  readonly pool: pg.Pool
  readonly sender: Pick<CallbackSender, 'send' | 'isAble'>
  readonly notifier: InvocationNotifier
}

/** What stands for all addresses in the log and in metrics; no function has such a name. */
const NAME = 'callback'
const TYPE = 'callback'
/** About a day: as long as what became of the call can be asked for by default. */
const RETRY = { attempts: 12, minDelayMs: 2_000, maxDelayMs: 4 * 3_600_000 }
const TARGET: Target = {
  ...{ name: NAME, retry: RETRY, timeoutMs: CALLBACK_TIMEOUT_MS, scale: { max: 100, concurrency: 1 } },
}

/** Tells the addresses that callers have named of the ends of their calls: each attempt counts in its row before it is made. */
export function createCallbackQueue({ pool, sender, notifier }: CallbackQueueOptions): Queue {
  return {
    kind: 'callbacks',
    targets: () => (sender.isAble() ? [TARGET] : []),
    reclaimExpiredLeases: async (known) => {
      const own = known.find(({ target }) => target.name === NAME)
      if (!own) return []
      const { attempts } = RETRY
      const reclaimed = await reclaimCallbacks(pool, { attempts, leaseMs: own.leaseMs })
      return reclaimed.map((callback) => ({ ...callback, type: TYPE, function: NAME }))
    },
    // They wait for no function.
    findOrphaned: async () => [],
    findDueTimes: async (names) => {
      const dueInMs = names.includes(NAME) ? await findCallbackDueTime(pool) : undefined
      return new Map(dueInMs === undefined ? [] : [[NAME, dueInMs]])
    },
    lease: async (_target, options) => {
      const leased = await leaseCallbacks(pool, options)
      return leased.map((callback): LeasedCall => {
        const { attempt, traceparent, invocation } = callback
        const { id, correlationId } = invocation
        return {
          ...{
            id,
            type: TYPE,
            function: NAME,
            attempt,
            correlationId,
            traceparent,
            unblocksOthers: true,
            isOneOfMany: true,
          },
          send: (signal) => sender.send(callback, signal),
          classify: (outcome) => classifyCallback(outcome, attempt),
          abandon: () => ({ state: 'dead', durationMs: 0 }),
          settle: async (settlement) => {
            const applied = await settleCallback(pool, callback, settlement)
            if (applied) notifier.changed(id)
            return applied
          },
        }
      })
    },
  }
}

/** Any 2xx is done. A receiver that says 410 wants no more, and an address that must not be called stays one; all else may pass. */
function classifyCallback(outcome: CallOutcome, attempt: number): Settlement {
  const isFinal = outcome.status === 410 || outcome.error === 'not_allowed'
  const { revision: _none, ...rest } = outcome
  return classifyResponse(rest, isFinal ? RETRY.attempts : attempt, { retry: RETRY, allAttempts: attempt })
}
