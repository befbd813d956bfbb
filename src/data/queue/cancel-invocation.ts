import type pg from 'pg'
import { problemJson } from '../../contract/index.ts'
import { CALL_CANCELLED } from '../../protocol/index.ts'
import type { InvocationOwner } from './find-invocations.ts'

/**
 * Cancels a call of this caller that has not begun: its function was not called, and will not be. Returns whether it was this
 * request that did so, and whether there is a callback to be made of it. One statement decides between this and a lease.
 */
export async function cancelInvocation(
  database: pg.Pool | pg.ClientBase,
  id: string,
  { caller, correlationId }: { readonly caller: InvocationOwner; readonly correlationId: string },
): Promise<{ readonly isCancelled: boolean; readonly hasCallback: boolean }> {
  const body = Buffer.from(problemJson(CALL_CANCELLED, correlationId))
  const values = [id, caller.sub, caller.tenant ?? null, CALL_CANCELLED.status, JSON.stringify(HEADERS), body]
  const { rows } = await database.query<{ has_callback: boolean }>(cancelInvocationSql, values)
  return { isCancelled: rows.length > 0, hasCallback: rows[0]?.has_callback ?? false }
}

const HEADERS = { 'content-type': 'application/problem+json' }

/**
 * Ends the call $1 of the caller $2 in a tenant ($3, or null) where no attempt counts yet, with the response $4 to $6 (status,
 * headers, body) for gateways that know of no cancelled calls. One row where it did.
 */
const cancelInvocationSql = /* sql */ `
update ebb.invocation
set state = 'dead', cancelled_at = now(), settled_at = now(), status = $4, answer_headers = $5, answer_body = $6
where id = $1 and caller = $2 and tenant is not distinct from $3 and state = 'waiting' and attempts = uncounted
returning callback_url is not null as has_callback`
