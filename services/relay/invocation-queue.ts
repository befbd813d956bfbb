import { Problem } from 'ebb/contract'
import type pg from 'pg'
import type { Dispatcher } from 'undici'
import { problemJson, type Route } from '../../src/contract/index.ts'
import { findOrphaned } from '../../src/data/queue/backlog.ts'
import {
  type Invocation,
  type InvocationSettlement,
  leaseInvocations,
  reclaimInvocations,
  settleInvocation,
} from '../../src/data/queue/invocation-queue.ts'
import type { InvocationNotifier } from '../../src/data/queue/notify-invocations.ts'
import type { CallFunction } from './call-function.ts'
import { classifyInvocationResponse } from './classify-response.ts'
import { createDueCalls } from './due-calls.ts'
import type { LeasedCall, Queue, Target } from './queue.ts'
import { readWholeResponse } from './read-response.ts'

export interface InvocationQueueOptions {
  readonly pool: pg.Pool
  readonly call: CallFunction
  readonly routes: () => readonly Route[]
  /** Told of each call that changes, for the requests that wait for it. */
  readonly notifier: InvocationNotifier
  /** Called where the end of a call has made its callback due. */
  readonly onCallbackDue: () => void
}

/** Suits a caller who polls for the result. A subscriber's contract sets its own. */
const RETRY = { attempts: 5, minDelayMs: 1_000, maxDelayMs: 60_000 }
const TYPE = 'invocation'

/**
 * Makes the requests that their callers do not wait for, as those callers. The id is the key under which the function
 * stores its response: a call that is made again, since its response was lost, has no second effect.
 */
export function createInvocationQueue(options: InvocationQueueOptions): Queue {
  const { pool, call, routes, notifier, onCallbackDue } = options
  const targets = () => routes().flatMap((route): Target[] => (route.async ? [{ ...route, retry: RETRY }] : []))
  const due = createDueCalls(pool, 'invocation')
  return {
    kind: 'invocations',
    targets,
    reclaimExpiredLeases: async (known) => {
      if (known.length === 0) return []
      const leases = known.map(({ target: { name, retry }, leaseMs }) => ({
        ...{ name, attempts: retry.attempts, leaseMs },
      }))
      const reclaimed = await reclaimInvocations(pool, leases)
      for (const { id } of reclaimed) notifier.changed(id)
      return reclaimed.map((invocation) => ({ ...invocation, type: TYPE }))
    },
    findOrphaned: (afterMs) => {
      const known = targets().map(({ name }) => name)
      return findOrphaned(pool, 'invocation', { known, afterMs })
    },
    findDueTimes: due.findDueTimes,
    lease: async ({ name, timeoutMs, retry }, limits) => {
      const leased = await leaseInvocations(pool, name, { ...limits, since: due.since(name) })
      for (const { id } of leased) notifier.changed(id)
      return leased.map((invocation): LeasedCall => {
        const { id, attempt, attemptsNotCounted, correlationId, traceparent, caller, body } = invocation
        return {
          ...{ id, type: TYPE, function: name, attempt, correlationId, traceparent, unblocksOthers: false },
          send: (signal) =>
            call(name, {
              // The gateway accepted it for a route, so it is one of the methods that routes have.
              method: invocation.method as Dispatcher.HttpMethod,
              path: invocation.target,
              headers: { ...invocation.headers, 'idempotency-key': id },
              body: body.length > 0 ? body : null,
              attempt,
              identity: { ...caller, act: 'relay' },
              ...{ correlationId, traceparent, timeoutMs, signal, read: readWholeResponse },
            }),
          classify: (outcome) =>
            classifyInvocationResponse(outcome, attempt - attemptsNotCounted, { retry, allAttempts: attempt }),
          abandon: () => abandon(invocation, attempt - attemptsNotCounted === 1),
          settle: async (settlement: InvocationSettlement) => {
            const applied = await settleInvocation(pool, invocation, settlement)
            if (applied) notifier.changed(id)
            if (applied && settlement.state !== 'waiting' && invocation.callbackUrl !== undefined) onCallbackDue()
            return applied
          },
        }
      })
    },
  }
}

/** Where its function was never called, it is certain that nothing was done, and the caller learns that. */
function abandon({ correlationId }: Invocation, neverCalled: boolean): InvocationSettlement {
  const dead: InvocationSettlement = { state: 'dead', durationMs: 0, error: 'no endpoint takes this call any more' }
  if (!neverCalled) return dead
  const problem = new Problem('unavailable', 503, 'No endpoint takes this call any more; nothing was done.')
  const body = Buffer.from(problemJson(problem, correlationId))
  const headers = { 'content-type': 'application/problem+json' }
  return { ...dead, response: { status: problem.status, headers, body } }
}
