import type pg from 'pg'
import type { Claim, ClaimResult, StoredResponse } from '../../kernel/index.ts'
import type { Identity, InvocationResponse, InvocationState, NewInvocation } from '../../protocol/index.ts'
import type { OpenedPostgres } from '../postgres/handler-statements.ts'
import { transact } from '../postgres/transaction.ts'
import { toCamelCase } from '../values/read-rows.ts'

interface AcceptOptions {
  /** The caller's own key: a request that repeats it gets `response` again. */
  readonly claim: Claim | undefined
  /** What the caller gets now. */
  readonly response: StoredResponse
  readonly signal: AbortSignal
  readonly timeoutMs: number
}

/**
 * Stores a request for the relay and notifies it after the commit. Returns `new`, or what is stored under the caller's key.
 * Request and response are stored together, where a synchronous request with this key would look as well: it has one
 * effect, however it is repeated.
 */
export async function acceptInvocation(
  database: OpenedPostgres,
  invocation: NewInvocation,
  { claim, response, signal, timeoutMs }: AcceptOptions,
): Promise<ClaimResult> {
  const { id, caller, method, target, headers, body, correlationId, traceparent } = invocation
  const result = await transact(
    database,
    { readOnly: false, repeatable: true, signal, timeoutMs },
    async (sql, _end, unit) => {
      const found = claim && (await unit?.claim(claim))
      if (found && found.status !== 'new') return found
      await sql`
      insert into ebb.invocation (id, caller, scopes, roles, tenant, client, function, method, target, headers, body,
                                  correlation_id, traceparent)
      values (${id}, ${caller.sub}, ${caller.scopes}, ${caller.roles ?? []}, ${caller.tenant ?? null}, ${caller.client ?? null},
              ${invocation.function}, ${method}, ${target}, ${headers}, ${Buffer.from(body)}, ${correlationId}, ${traceparent})`
      if (claim) await unit?.complete(claim, response)
      return { status: 'new' } as const
    },
  )
  if (result.status === 'new') database.outbox.notify('invocations')
  return result
}

/** Finds the state of a request for the caller who made it; undefined for any other caller. */
export async function findInvocation(
  database: pg.Pool | pg.ClientBase,
  id: string,
  { sub, tenant }: Pick<Identity, 'sub' | 'tenant'>,
): Promise<InvocationState | undefined> {
  const { rows } = await database.query(findInvocationSql, [id, sub, tenant ?? null])
  if (!rows[0]) return undefined
  const { status, answerHeaders, answerBody, ...state } = toCamelCase<InvocationState & ResponseColumns>(rows[0])
  return {
    ...state,
    response: status === null ? undefined : { status, headers: answerHeaders, body: answerBody ?? undefined },
  }
}

/** The columns of a response; the last two mean nothing without the first. */
interface ResponseColumns {
  readonly status: number | null
  readonly answerHeaders: InvocationResponse['headers']
  readonly answerBody: Buffer | null
}

/** The state of an invocation ($1) of a caller ($2) in a tenant ($3, or null). */
const findInvocationSql = /* sql */ `
select id, function, state, attempts, created_at, settled_at, available_at, correlation_id,
  ceil(extract(epoch from available_at - now()) * 1000)::float8 as due_in_ms,
  status, answer_headers, answer_body
from ebb.invocation where id = $1 and caller = $2 and tenant is not distinct from $3`
