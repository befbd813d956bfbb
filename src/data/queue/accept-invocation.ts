import type { Claim, ClaimResult, StoredResponse } from '../../kernel/index.ts'
import type { NewInvocation } from '../../protocol/index.ts'
import type { OpenedPostgres } from '../postgres/handler-statements.ts'
import { transact } from '../postgres/transaction.ts'

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
                                  correlation_id, traceparent, callback_url)
      values (${id}, ${caller.sub}, ${caller.scopes}, ${caller.roles ?? []}, ${caller.tenant ?? null}, ${caller.client ?? null},
              ${invocation.function}, ${method}, ${target}, ${headers}, ${Buffer.from(body)}, ${correlationId}, ${traceparent},
              ${invocation.callbackUrl ?? null})`
      if (claim) await unit?.complete(claim, response)
      return { status: 'new' } as const
    },
  )
  if (result.status === 'new') database.outbox.notify('invocations')
  return result
}
