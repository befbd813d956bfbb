import type pg from 'pg'
import type {
  CallbackState,
  Identity,
  InvocationResponse,
  InvocationState,
  InvocationSummary,
} from '../../protocol/index.ts'
import { toCamelCase } from '../values/read-rows.ts'

/** Whose calls are meant: two tenants may have the same subject, and these are two callers. */
export type InvocationOwner = Pick<Identity, 'sub' | 'tenant'>

export interface InvocationQuestion {
  /** A UUID. */
  readonly id: string
  readonly caller: InvocationOwner
}

/**
 * Finds the states of calls, each for the caller who made it; undefined for any other caller, and where it ended longer ago
 * than `keepSeconds`. In the order of the questions.
 */
export async function findInvocations(
  database: pg.Pool | pg.ClientBase,
  questions: readonly InvocationQuestion[],
  { keepSeconds }: { readonly keepSeconds: number },
): Promise<readonly (InvocationState | undefined)[]> {
  const { rows } = await database.query(findInvocationsSql, [
    questions.map(({ id }) => id),
    questions.map(({ caller }) => caller.sub),
    questions.map(({ caller }) => caller.tenant ?? null),
    keepSeconds,
  ])
  const found = new Map(rows.map(({ number, ...row }) => [Number(number), toInvocationState(row)]))
  return questions.map((_, i) => found.get(i + 1))
}

/** The states of calls ($1) of their callers ($2) in tenants ($3, or null), kept for $4 seconds after their end. */
const findInvocationsSql = /* sql */ `
select number, invocation.id, function, ${stateOf('invocation')} as state, invocation.attempts, created_at,
  invocation.settled_at, invocation.available_at, correlation_id,
  ceil(extract(epoch from invocation.available_at - now()) * 1000)::float8 as due_in_ms,
  invocation.status, answer_headers, answer_body, callback_url is not null as has_callback,
  callback.state as callback_state, callback.attempts as callback_attempts, callback.status as callback_status
from unnest($1::uuid[], $2::text[], $3::text[]) with ordinality as asked (id, caller, tenant, number)
join ebb.invocation on invocation.id = asked.id and invocation.caller = asked.caller
  and invocation.tenant is not distinct from asked.tenant
left join ebb.callback on callback.invocation_id = invocation.id
where invocation.settled_at is null or invocation.settled_at > now() - $4 * interval '1 s'`

/** The state that callers see: a call that was cancelled is `dead` in the table. */
export function stateOf(table: string): string {
  return `case when ${table}.cancelled_at is null then ${table}.state else 'cancelled' end`
}

/** The columns of a response and of a callback; those after the first of each mean nothing without it. */
interface StateRow extends Omit<InvocationState, 'response' | 'callback'> {
  readonly status: number | null
  readonly answerHeaders: InvocationResponse['headers']
  readonly answerBody: Buffer | null
  readonly hasCallback: boolean
  readonly callbackState: CallbackState['state'] | null
  readonly callbackAttempts: number | null
  readonly callbackStatus: number | null
}

/** A row as the state of a call. */
export function toInvocationState(row: Record<string, unknown>): InvocationState {
  const { status, answerHeaders, answerBody, hasCallback, callbackState, callbackAttempts, callbackStatus, ...state } =
    toCamelCase<StateRow>(row)
  return {
    ...state,
    response: status === null ? undefined : { status, headers: answerHeaders, body: answerBody ?? undefined },
    callback: hasCallback
      ? { state: callbackState ?? 'waiting', attempts: callbackAttempts ?? 0, status: callbackStatus }
      : undefined,
  }
}

export interface InvocationPage {
  readonly state?: InvocationSummary['state'] | undefined
  /** The id of the last call of the page before, and when it was made, for where that is forgotten. */
  readonly before?: { readonly id: string; readonly madeAt: Date | undefined } | undefined
  readonly limit: number
  readonly keepSeconds: number
}

/** Lists a caller's own calls, the newest first. */
export async function listInvocations(
  database: pg.Pool | pg.ClientBase,
  { sub, tenant }: InvocationOwner,
  { state, before, limit, keepSeconds }: InvocationPage,
): Promise<readonly InvocationSummary[]> {
  const values = [sub, tenant ?? null, keepSeconds, state ?? null, before?.id ?? null, before?.madeAt ?? null, limit]
  const { rows } = await database.query(listInvocationsSql, values)
  return rows.map((row) => toCamelCase<InvocationSummary>(row))
}

/**
 * The calls of a caller ($1) in a tenant ($2, or null), kept for $3 seconds after their end, of the state $4 or any, from
 * before the call $5, which was made at $6; at most $7.
 */
const listInvocationsSql = /* sql */ `
select id, function, ${stateOf('invocation')} as state, attempts, created_at, settled_at
from ebb.invocation
where caller = $1 and tenant is not distinct from $2
  and (settled_at is null or settled_at > now() - $3 * interval '1 s')
  and ($4::text is null or ${stateOf('invocation')} = $4)
  and ($5::uuid is null or (created_at, id) < (
    coalesce((select created_at from ebb.invocation where id = $5 and caller = $1), $6::timestamptz), $5::uuid))
order by created_at desc, id desc
limit $7`
