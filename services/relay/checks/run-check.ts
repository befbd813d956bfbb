import type pg from 'pg'
import type { DescribedCheck, Undo } from '../../../src/contract/describe-synthetic-check.ts'
import type { Route } from '../../../src/contract/index.ts'
import { compileLocation } from '../../../src/contract/path-template.ts'
import { type CheckRun, type LeasedCheck, recordUndo, recordUndone } from '../../../src/data/synthetic-checks.ts'
import { type CheckAnswer, findFault, type SendCheck } from './send-check.ts'

export interface RunOptions {
  readonly pool: pg.Pool
  readonly send: SendCheck
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** A route that has a check, and is called by the one method of its endpoint. */
export type CheckedRoute = Pick<Route, 'name' | 'timeoutMs'> & {
  readonly method: Undo['method']
  readonly check: DescribedCheck
}

/** What came of a run, and whether nothing of it is left. */
type Ended = CheckRun & { readonly isClean: boolean }

/**
 * Makes a check: first takes back what an earlier run has left, then sends the request of its example, then takes back what that has
 * written. What is to be taken back is recorded before, so that another relay can.
 */
export async function runCheck(route: CheckedRoute, leased: LeasedCheck, options: RunOptions): Promise<Ended> {
  const { pool, send, timeoutMs, signal } = options
  const { check, method } = route
  let { key } = leased
  if (leased.undo !== null) {
    const left = await takeBack(check, leased.undo, options)
    if (left.message !== null) return { ...left, isClean: false }
    key = await recordUndone(pool, leased)
  }
  const { target, body } = check
  const answer = await send({ method, target, body, timeoutMs, idempotencyKey: key ?? undefined }, signal)
  const run = runOf(answer, findFault(answer, check))
  if (!check.undo) return { ...run, isClean: true }
  // It may have written where nobody knows what came of it, and then the same key asks again.
  if (!isSuccess(answer)) return { ...run, isClean: answer.status !== undefined && answer.status < 500 }
  const undo = addressOf(check.undo, answer.json)
  if (undo === undefined)
    return {
      ...run,
      passed: false,
      message: `its reply does not say what ${check.undo.name} is to take back`,
      isClean: false,
    }
  await recordUndo(pool, leased, undo)
  const left = await takeBack(check, undo, options)
  return left.message === null ? { ...run, isClean: true } : { ...left, isClean: false }
}

const isSuccess = ({ status = 0 }: CheckAnswer) => status >= 200 && status < 300

const runOf = ({ status, durationMs, correlationId }: CheckAnswer, message: string | null): CheckRun => ({
  ...{ passed: message === null, status: status ?? null, durationMs, message, correlationId },
})

/** Calls what takes back; it has been where there is nothing any more. */
async function takeBack({ undo }: DescribedCheck, target: string, { send, timeoutMs, signal }: RunOptions) {
  const method = undo?.method ?? 'DELETE'
  const answer = await send({ method, target, timeoutMs, idempotencyKey: crypto.randomUUID() }, signal)
  const isGone = isSuccess(answer) || answer.status === 404 || answer.status === 410
  const why = answer.status === undefined ? answer.error : `answered ${answer.status}`
  return runOf(answer, isGone ? null : `what it wrote is still there: ${method} ${target} ${why}`)
}

/** The path of the request that takes back; undefined where the reply leads nowhere. */
function addressOf({ path, params }: Undo, reply: unknown): string | undefined {
  try {
    return compileLocation(path)({ ...params, ...Object(reply) })
  } catch {
    return undefined
  }
}
