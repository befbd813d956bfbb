import type pg from 'pg'
import type { CallbackState, InvocationState } from '../../protocol/index.ts'
import { toCamelCase } from '../values/read-rows.ts'
import { rfc3339 } from './deliveries-of-event.ts'
import { stateOf } from './find-invocations.ts'

/** An asynchronous call as operators see it: whoever made it. Times are RFC 3339. */
export interface AnyInvocation {
  readonly id: string
  readonly function: string
  readonly state: InvocationState['state']
  readonly caller: string
  readonly tenant: string | null
  readonly attempts: number
  readonly createdAt: string
  /** When it is due, where it waits. */
  readonly availableAt: string | null
  readonly settledAt: string | null
  /** Of the last response. */
  readonly status: number | null
  readonly correlationId: string
}

export interface InvocationFilter {
  readonly state?: InvocationState['state'] | undefined
  readonly function?: string | undefined
  readonly caller?: string | undefined
  readonly tenant?: string | undefined
  readonly correlation?: string | undefined
  /** The id of the last one of the page before. */
  readonly before?: string | undefined
  readonly limit: number
}

/** Lists the calls of all callers, the newest first; the next page begins after the call `next`. */
export async function listAllInvocations(pool: pg.Pool, { limit, ...filter }: InvocationFilter) {
  const { state, function: name, caller, tenant, correlation, before } = filter
  const { rows } = await pool.query(listSql, [state, name, caller, tenant, correlation, before, limit + 1])
  const invocations = rows.slice(0, limit).map((row) => toCamelCase<AnyInvocation>(row))
  const last = invocations.at(-1)
  return rows.length > limit && last ? { invocations, next: last.id } : { invocations }
}

const COLUMNS = /* sql */ `invocation.id, invocation.function, ${stateOf('invocation')} as state, invocation.caller, invocation.tenant,
  invocation.attempts, ${rfc3339('invocation.created_at')} as created_at, ${rfc3339('invocation.settled_at')} as settled_at,
  case when invocation.state = 'waiting' then ${rfc3339('invocation.available_at')} end as available_at,
  invocation.status, invocation.correlation_id`

/** Each filter may be null: $1 state, $2 function, $3 caller, $4 tenant, $5 correlation id, $6 the last call before; $7 at most. */
const listSql = /* sql */ `
select ${COLUMNS} from ebb.invocation
where ($1::text is null or ${stateOf('invocation')} = $1)
  and ($2::text is null or function = $2)
  and ($3::text is null or caller = $3)
  and ($4::text is null or tenant = $4)
  and ($5::text is null or correlation_id = $5)
  and ($6::uuid is null or (created_at, id) < (select created_at, id from ebb.invocation where id = $6))
order by invocation.created_at desc, invocation.id desc
limit $7`

export interface ShownInvocation extends AnyInvocation {
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly answerHeaders: Readonly<Record<string, string | string[]>> | null
  readonly answerBody: Buffer | null
  readonly callback: CallbackState | null
  readonly history: readonly {
    readonly number: number
    readonly startedAt: string
    readonly durationMs: number
    readonly status: number | null
    readonly error: string | null
    readonly body: string | null
    readonly revision: string | null
  }[]
}

/** Finds a call, whoever made it, with its attempts; undefined where there is none. */
export async function showInvocation(pool: pg.Pool, id: string): Promise<ShownInvocation | undefined> {
  const { rows } = await pool.query(showSql, [id])
  return rows[0] && toCamelCase<ShownInvocation>(rows[0])
}

/** The call $1. */
const showSql = /* sql */ `
select ${COLUMNS}, method, target, answer_headers, answer_body,
  case when callback_url is not null then jsonb_build_object(
    'state', coalesce(callback.state, 'waiting'), 'attempts', coalesce(callback.attempts, 0), 'status', callback.status
  ) end as callback,
  (
    select coalesce(jsonb_agg(jsonb_build_object(
      'number', number, 'startedAt', ${rfc3339('started_at')}, 'durationMs', duration_ms, 'status', status, 'error', error,
      'body', body, 'revision', revision
    ) order by number), '[]')
    from ebb.invocation_attempt where invocation_id = invocation.id
  ) as history
from ebb.invocation left join ebb.callback on callback.invocation_id = invocation.id
where invocation.id = $1`
