import type pg from 'pg'
import type { Claim, Claimed, InvocationState, KeptAnswer, NewInvocation, StoredAnswer } from '../kernel/index.ts'
import { toCamelCase } from './camel-case.ts'
import { findInvocationSql } from './sql/find-invocation.ts'
import { type Postgres, transact } from './transaction.ts'

export interface AcceptOptions {
  /** The caller's own key: who repeats it gets `answer` again. */
  readonly claim: Claim | undefined
  /** What the caller is told now. */
  readonly answer: StoredAnswer
  readonly signal: AbortSignal
  readonly timeoutMs: number
}

/**
 * Keeps a request for the relay and wakes it after the commit: `new`, or what the caller's key is known for. Request and
 * answer are stored together, where a synchronous request with this key would look as well: it has one effect, however
 * it is repeated.
 */
export async function acceptInvocation(
  database: Postgres,
  invocation: NewInvocation,
  { claim, answer, signal, timeoutMs }: AcceptOptions,
): Promise<Claimed> {
  const { id, caller, method, target, headers, body, correlationId, traceparent } = invocation
  const claimed = await transact(
    database,
    { readOnly: false, repeatable: true, signal, timeoutMs },
    async (sql, _end, unit) => {
      const found = claim && (await unit?.claim(claim))
      if (found && found.is !== 'new') return found
      await sql`
      insert into ebb.invocation (id, caller, scopes, tenant, function, method, target, headers, body, correlation_id,
                                  traceparent)
      values (${id}, ${caller.sub}, ${caller.scopes}, ${caller.tenant ?? null}, ${invocation.function}, ${method}, ${target},
              ${headers}, ${Buffer.from(body)}, ${correlationId}, ${traceparent})`
      if (claim) await unit?.complete(claim, answer)
      return { is: 'new' } as const
    },
  )
  if (claimed.is === 'new') database.outbox.notify()
  return claimed
}

/** Where a request stands, for who made it; undefined for everybody else. */
export async function findInvocation(
  database: pg.Pool | pg.ClientBase,
  id: string,
  { caller }: { readonly caller: string },
): Promise<InvocationState | undefined> {
  const { rows } = await database.query(findInvocationSql, [id, caller])
  if (!rows[0]) return undefined
  const { status, answerHeaders, answerBody, ...state } = toCamelCase<InvocationState & Answered>(rows[0])
  return {
    ...state,
    answer: status === null ? undefined : { status, headers: answerHeaders, body: answerBody ?? undefined },
  }
}

/** The columns of an answer; the last two mean nothing without the first. */
interface Answered {
  readonly status: number | null
  readonly answerHeaders: KeptAnswer['headers']
  readonly answerBody: Buffer | null
}
